/* Memory and text, shared by kernel and programs. */
#ifndef HERALD_STRING_H
#define HERALD_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);

/*
 * Copies at most size - 1 characters and always ends `to` with a NUL. Returns the length of `from`: at least size
 * means it was cut.
 */
size_t text_copy(char *to, const char *from, size_t size);

/* Reads a decimal number, perhaps negative, that fills the whole text. Returns 0 and the number, or -1. */
int text_number(const char *text, long *number);

#endif
