/* Formatted text without floating point. */
#ifndef HERALD_FORMAT_H
#define HERALD_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most size - 1 characters and a NUL; returns the number written.
 * %s %c %d %u %x %%, with l for 64 bits, a width, 0 (pad with zeros) and - (to the left).
 */
size_t format(char *to, size_t size, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
size_t format_list(char *to, size_t size, const char *pattern, va_list arguments);

#endif
