#include "scenario.h"

#include "config.h"
#include "console.h"
#include "debug.h"
#include "fs.h"
#include "heap.h"
#include "notify.h"
#include "process.h"
#include "scheduler.h"
#include "trace.h"

#define SCENARIO "scenario.cfg"
#define SCENARIO_MAX 16384

/* Each returns 0, or -EINVAL when the value makes no sense, or what adding the program failed with. */

static int set_quantum(const char *value)
{
    long ms;
    return text_number(value, &ms) || ms < 1 || ms > 1000 ? -EINVAL : scheduler_set_quantum((uint64_t)ms * 1000);
}

static int set_hz(const char *value)
{
    long hz;
    return text_number(value, &hz) || hz < 0 ? -EINVAL : scheduler_set_hz((uint64_t)hz);
}

static int add_program(const char *value)
{
    int64_t handle = process_spawn(value, "");
    return handle < 0 ? (int)handle : 0;
}

static int set_debug(const char *value)
{
    long on;
    if (text_number(value, &on) || on < 0 || on > 1)
        return -EINVAL;
    debug_allowed = (int)on;
    return 0;
}

/* For tests of the order near the end of the sequence numbers: negative numbers count from there. */
static int set_sequence(const char *value)
{
    long last;
    if (text_number(value, &last))
        return -EINVAL;
    notify_queue.sequence = (uint64_t)last;
    return 0;
}

static int ignore(const char *value)
{
    (void)value;
    return 0;
}

static const struct {
    const char *key;
    int (*set)(const char *value);
} settings[] = {
    {"quantum_ms", set_quantum}, {"hz", set_hz},  {"trace", trace_select},
    {"program", add_program},    {"run", ignore}, {"programs_first_ms", ignore},
    {"debug", set_debug},        {"sequence", set_sequence},
};

static void apply(const struct config_reader *line)
{
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].key, line->key) != 0)
            continue;
        int result = settings[i].set(line->value);
        if (result == -ENOENT)
            console_print("scenario.cfg line %d: there is no file %s\n", line->line, line->value);
        else if (result)
            console_print("scenario.cfg line %d: %s cannot be %s\n", line->line, line->key, line->value);
        return;
    }
    console_print("scenario.cfg line %d: unknown key %s\n", line->line, line->key);
}

static void read_lines(const char *text, size_t length)
{
    struct config_reader reader;
    enum config_result result;
    config_open(&reader, text, length);
    while ((result = config_next(&reader)) != CONFIG_END) {
        if (result == CONFIG_ENTRY)
            apply(&reader);
        else
            console_print("scenario.cfg line %d: not a line of the form key=value\n", reader.line);
    }
}

void scenario_start(void)
{
    const struct directory_entry *file = fs_find(SCENARIO);
    if (!file) {
        console_print("there is no scenario.cfg: defaults are used\n");
        return;
    }
    if (file->length > SCENARIO_MAX) {
        console_print("scenario.cfg is longer than %d bytes: defaults are used\n", SCENARIO_MAX);
        return;
    }
    char *text = heap_allocate(SCENARIO_MAX);
    if (!text)
        panic("no memory for scenario.cfg");
    long length = fs_read(file, 0, text, SCENARIO_MAX);
    if (length >= 0)
        read_lines(text, (size_t)length);
    else
        console_print("scenario.cfg cannot be read: defaults are used\n");
    heap_free(text);
}
