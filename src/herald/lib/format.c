#include "format.h"

#include <stdint.h>

#include "string.h"

struct output {
    char *to;
    size_t size;
    size_t length;
};

struct field {
    size_t width;
    char pad;
    int left;
};

static void put(struct output *out, char c)
{
    if (out->length + 1 < out->size)
        out->to[out->length++] = c;
}

static void put_field(struct output *out, const char *text, size_t length, struct field field)
{
    size_t fill = field.width > length ? field.width - length : 0;
    if (!field.left)
        for (; fill > 0; fill--)
            put(out, field.pad);
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    for (; fill > 0; fill--)
        put(out, ' ');
}

static void put_number(struct output *out, uint64_t value, int negative, unsigned base, struct field field)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        digits[--at] = '-';
    put_field(out, digits + at, sizeof digits - at, field);
}

/* Handles what stands behind a %; returns the place behind it. */
static const char *put_conversion(struct output *out, const char *pattern, va_list *arguments)
{
    struct field field = {0, ' ', 0};
    int wide = 0;
    if (*pattern == '-')
        field.left = 1, pattern++;
    if (*pattern == '0')
        field.pad = '0', pattern++;
    while (*pattern >= '0' && *pattern <= '9')
        field.width = field.width * 10 + (size_t)(*pattern++ - '0');
    while (*pattern == 'l')
        wide = 1, pattern++;
    switch (*pattern) {
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        put_field(out, text, strlen(text), field);
        break;
    }
    case 'c':
        put(out, (char)va_arg(*arguments, int));
        break;
    case 'd': {
        int64_t value = wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10, field);
        break;
    }
    case 'u':
    case 'x': {
        uint64_t value = wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(out, value, 0, *pattern == 'x' ? 16 : 10, field);
        break;
    }
    case 0:
        return pattern;
    default:
        put(out, *pattern);
    }
    return pattern + 1;
}

size_t format_list(char *to, size_t size, const char *pattern, va_list arguments)
{
    struct output out = {to, size, 0};
    va_list copy;
    if (size == 0)
        return 0;
    va_copy(copy, arguments);
    while (*pattern) {
        if (*pattern == '%')
            pattern = put_conversion(&out, pattern + 1, &copy);
        else
            put(&out, *pattern++);
    }
    va_end(copy);
    to[out.length] = 0;
    return out.length;
}

size_t format(char *to, size_t size, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    size_t length = format_list(to, size, pattern, arguments);
    va_end(arguments);
    return length;
}
