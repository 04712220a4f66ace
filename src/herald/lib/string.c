#include "string.h"

#include <stdint.h>

/* REP MOVS and STOS: on every x86-64 the shortest code, and one instruction to look at while it runs. */
void *memcpy(void *to, const void *from, size_t size)
{
    void *destination = to;
    size_t words = size >> 3;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    size &= 7;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return destination;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    char *d = (char *)to + size;
    const char *s = (const char *)from + size;
    while (size-- > 0)
        *--d = *--s;
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *destination = to;
    size_t words = size >> 3;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (unsigned char)value;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    size &= 7;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(pattern) : "memory");
    return destination;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;
    for (; size > 0; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;
    while (length < limit && text[length])
        length++;
    return length;
}

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

size_t text_copy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    size_t kept = length < size ? length : size - 1;
    memcpy(to, from, kept);
    to[kept] = 0;
    return length;
}

int text_number(const char *text, long *number)
{
    int negative = *text == '-';
    unsigned long value = 0;
    if (negative)
        text++;
    if (!*text)
        return -1;
    for (; *text; text++) {
        unsigned digit = (unsigned)(*text - '0');
        if (digit > 9 || value > ((unsigned long)INT64_MAX - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    *number = negative ? -(long)value : (long)value;
    return 0;
}
