/*
 * The first native process. Reads scenario.cfg: waits for the Programs the kernel has started until none has ended
 * for programs_first_ms, then starts what the run=NAME [ARGUMENTS] lines say. Starts the shell again when it has been
 * killed.
 */
#include "config.h"
#include "herald.h"

#define RUN_MAX 16
#define SHELL_RESTARTS 10

static char scenario[16384];
static char run[RUN_MAX][128];
static unsigned run_count;
static long programs_first_ms;

static void read_scenario(void)
{
    struct config_reader reader;
    enum config_result result;
    int64_t length = read_file("scenario.cfg", 0, scenario, sizeof scenario);
    if (length < 0) {
        text_copy(run[run_count++], "shell", sizeof run[0]);
        return;
    }
    config_open(&reader, scenario, (size_t)length);
    while ((result = config_next(&reader)) != CONFIG_END) {
        if (result == CONFIG_BAD)
            continue; /* the kernel has said so */
        if (strcmp(reader.key, "run") == 0) {
            if (run_count < RUN_MAX)
                text_copy(run[run_count++], reader.value, sizeof run[0]);
            else
                print("init: scenario.cfg line %d: more than %d run lines\n", reader.line, RUN_MAX);
        } else if (strcmp(reader.key, "programs_first_ms") == 0) {
            if (text_number(reader.value, &programs_first_ms) || programs_first_ms < 0) {
                print("init: scenario.cfg line %d: programs_first_ms cannot be %s\n", reader.line, reader.value);
                programs_first_ms = 0;
            }
        }
    }
}

static int count_programs(void)
{
    static struct process_info list[MAX_PROCESSES];
    int found = 0;
    int count = process_list(list, MAX_PROCESSES);
    for (int i = 0; i < count; i++)
        found += list[i].kind == KIND_PROGRAM;
    return found;
}

/* Sleeps until each of them has ended, so that they have the CPU for themselves. */
static void wait_for_programs(void)
{
    struct process_event event;
    while (programs_first_ms > 0 && count_programs() > 0)
        if (receive(TOPIC_PROCESS_EXITED, &event, sizeof event, (uint64_t)programs_first_ms, 0) == -ETIMEDOUT)
            return;
}

static process_t start(const char *line)
{
    char name[NAME_SIZE];
    const char *arguments = line;
    while (*arguments && *arguments != ' ')
        arguments++;
    size_t length = (size_t)(arguments - line);
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, line, length);
    name[length] = 0;
    while (*arguments == ' ')
        arguments++;
    process_t process = spawn(name, arguments);
    if (process < 0)
        print("init: %s cannot be started: %s\n", name, error_name(process));
    return process;
}

int main(const char *arguments)
{
    (void)arguments;
    process_t shell = 0;
    subscribe(TOPIC_PROCESS_EXITED, 64, POLICY_DROP_OLDEST);
    read_scenario();
    wait_for_programs();
    for (unsigned i = 0; i < run_count; i++) {
        process_t process = start(run[i]);
        if (strcmp(run[i], "shell") == 0)
            shell = process;
    }
    for (int restarts = 0;;) {
        struct process_event event;
        if (receive(TOPIC_PROCESS_EXITED, &event, sizeof event, FOREVER, 0))
            continue;
        if (shell > 0 && event.pid == (uint32_t)shell && event.generation == (uint32_t)(shell >> 32) &&
            restarts++ < SHELL_RESTARTS)
            shell = start("shell");
    }
}
