/* Text files of key=value lines, as scenario.cfg. Shared by kernel and programs. */
#ifndef HERALD_CONFIG_H
#define HERALD_CONFIG_H

#include <stddef.h>

struct config_reader {
    const char *text; /* the file; need not end with a NUL */
    size_t length;
    size_t at;       /* next character */
    int line;        /* number of the line config_next returned last, from 1 */
    char key[32];
    char value[128];
};

enum config_result {
    CONFIG_END = 0,  /* no more lines */
    CONFIG_ENTRY = 1, /* key and value are set */
    CONFIG_BAD = -1, /* the line is not key=value, or too long; reading can go on */
};

void config_open(struct config_reader *reader, const char *text, size_t length);

/* Goes to the next line that is neither empty nor a # comment. Spaces around key and value do not count. */
enum config_result config_next(struct config_reader *reader);

#endif
