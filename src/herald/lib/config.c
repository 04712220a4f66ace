#include "config.h"

#include "string.h"

void config_open(struct config_reader *reader, const char *text, size_t length)
{
    *reader = (struct config_reader){.text = text, .length = length};
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Copies [from, to) without spaces at its ends; -1 when it does not fit or contains a NUL. */
static int copy_trimmed(const char *from, const char *to, char *into, size_t size)
{
    while (from < to && is_space(*from))
        from++;
    while (to > from && is_space(to[-1]))
        to--;
    size_t length = (size_t)(to - from);
    if (length >= size || strnlen(from, length) != length)
        return -1;
    memcpy(into, from, length);
    into[length] = 0;
    return 0;
}

static enum config_result parse_line(struct config_reader *reader, const char *line, const char *end)
{
    const char *equals = line;
    reader->key[0] = 0;
    reader->value[0] = 0;
    while (equals < end && *equals != '=')
        equals++;
    if (equals == end)
        return CONFIG_BAD;
    if (copy_trimmed(line, equals, reader->key, sizeof reader->key) || !reader->key[0])
        return CONFIG_BAD;
    return copy_trimmed(equals + 1, end, reader->value, sizeof reader->value) ? CONFIG_BAD : CONFIG_ENTRY;
}

enum config_result config_next(struct config_reader *reader)
{
    while (reader->at < reader->length) {
        const char *line = reader->text + reader->at;
        const char *end = line;
        const char *limit = reader->text + reader->length;
        while (end < limit && *end != '\n')
            end++;
        reader->at = (size_t)(end - reader->text) + 1;
        reader->line++;
        while (line < end && is_space(*line))
            line++;
        if (line < end && *line != '#')
            return parse_line(reader, line, end);
    }
    return CONFIG_END;
}
