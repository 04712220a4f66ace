/* COM1, a 16550: the console's second face, and a second keyboard. */
#ifndef HERALD_SERIAL_H
#define HERALD_SERIAL_H

#include "kernel.h"

void serial_start(void);
void serial_write(const char *data, size_t length);

/* IRQ 4: bytes that came in are published as keys. */
void serial_interrupt(void);

#endif
