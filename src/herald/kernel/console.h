/* The console: the VGA screen and COM1 show the same. */
#ifndef HERALD_CONSOLE_H
#define HERALD_CONSOLE_H

#include "kernel.h"

void console_start(void);

/*
 * Writes the text as one piece: no other writer's text comes in between. When somebody else left a line unfinished,
 * the text starts on a new line. Call without locks and with interrupts on (or before the scheduler runs).
 */
void console_write(const char *data, size_t length);

/* The same, formatted; at most 255 characters. */
void console_print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

#endif
