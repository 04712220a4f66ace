/* VGA text mode, 80 x 25. */
#ifndef HERALD_VGA_H
#define HERALD_VGA_H

#include "kernel.h"

/* Goes on where the boot stages left the cursor. */
void vga_start(void);

/* Writes characters; knows \n, \r, \b and \t; scrolls. */
void vga_write(const char *data, size_t length);

/* Empties the cursor's row and puts the cursor at its start. */
void vga_erase_line(void);

#endif
