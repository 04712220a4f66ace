/* The shell: an ordinary process that subscribes to the keyboard's topic. */
#include "herald.h"
#include "queue.h"

#define PROMPT "herald> "
#define LINE_MAX 120
#define KEYS_MAX 1024
#define KILL_PATIENCE_MS 1000
#define CONTROL_C 3
#define CONTROL_U 21

static const char *const state_names[] = PROCESS_STATE_NAMES;
static const char *const kind_names[] = PROCESS_KIND_NAMES;
static const char *const wait_names[] = WAIT_REASON_NAMES;
static const char *const topic_names[] = TOPIC_NUMBER_NAMES;

#define HISTORY_MAX 16
#define CONTROL_A 1
#define CONTROL_E 5

static char line[LINE_MAX + 1];
static unsigned line_length;
static unsigned cursor; /* where the next character goes in the line */

/* The last lines, oldest first. */
static char history[HISTORY_MAX][LINE_MAX + 1];
static unsigned history_count;
static int at_prompt; /* waiting for a key: a callback that prints must repair the line */

/* Keys that came while a program was running in front. */
static struct {
    uint32_t head, count;
    uint32_t keys[KEYS_MAX];
} typed_ahead;

/* ---- keys ---- */

static uint32_t next_key(void)
{
    struct key_event event;
    if (typed_ahead.count > 0) {
        uint32_t key = typed_ahead.keys[typed_ahead.head];
        typed_ahead.head = queue_slot(typed_ahead.head, 1, KEYS_MAX);
        typed_ahead.count--;
        return key;
    }
    at_prompt = 1;
    while (receive(TOPIC_KEYBOARD, &event, sizeof event, FOREVER, 0))
        ;
    at_prompt = 0;
    return event.character;
}

static void keep_key(uint32_t key)
{
    if (typed_ahead.count < KEYS_MAX)
        typed_ahead.keys[queue_slot(typed_ahead.head, typed_ahead.count++, KEYS_MAX)] = key;
}

/* Moves the cursor left by writing backspaces. */
static void write_left(unsigned count)
{
    static const char backspaces[LINE_MAX + 1] = {[0 ... LINE_MAX - 1] = '\b'};
    if (count > 0)
        write(backspaces, count);
}

/* Writes the line again from `from` on, with `more` spaces over what it was longer before, and goes to the cursor. */
static void show_from(unsigned from, unsigned more)
{
    char text[2 * LINE_MAX + 1];
    size_t length = line_length - from;
    memcpy(text, line + from, length);
    memset(text + length, ' ', more);
    if (length + more > 0)
        write(text, length + more);
    write_left((unsigned)length + more - (cursor - from));
}

static void insert(char c)
{
    if (line_length == LINE_MAX)
        return;
    memmove(line + cursor + 1, line + cursor, line_length - cursor + 1);
    line[cursor++] = c;
    line_length++;
    show_from(cursor - 1, 0);
}

/* Takes out the character at the cursor. */
static void delete(void)
{
    if (cursor == line_length)
        return;
    memmove(line + cursor, line + cursor + 1, line_length - cursor);
    line_length--;
    show_from(cursor, 1);
}

static void move_to(unsigned position)
{
    if (position < cursor)
        write_left(cursor - position);
    else if (position > cursor)
        write(line + cursor, position - cursor);
    cursor = position;
}

/* Another line takes the place of the present one. */
static void replace_line(const char *text)
{
    unsigned before = line_length;
    move_to(0);
    line_length = cursor = (unsigned)text_copy(line, text, sizeof line);
    unsigned longer = before > line_length ? before - line_length : 0;
    cursor = 0;
    show_from(0, longer);
    move_to(line_length);
}

/* Goes through the history: `at` is the line shown, history_count the one being typed. */
static void show_history(unsigned *at, int step)
{
    if ((step < 0 && *at == 0) || (step > 0 && *at >= history_count))
        return;
    *at += (unsigned)step;
    replace_line(*at < history_count ? history[*at] : "");
}

static void remember_line(void)
{
    if (!line[0] || (history_count > 0 && strcmp(history[history_count - 1], line) == 0))
        return;
    if (history_count == HISTORY_MAX)
        memmove(history[0], history[1], sizeof history - sizeof history[0]);
    else
        history_count++;
    text_copy(history[history_count - 1], line, sizeof line);
}

/* A key that changes the line or moves in it. */
static void edit(uint32_t key, unsigned *history_at)
{
    if (key == '\b' && cursor > 0) {
        move_to(cursor - 1);
        delete();
    } else if (key == KEY_CODE_DELETE) {
        delete();
    } else if (key == KEY_CODE_LEFT && cursor > 0) {
        move_to(cursor - 1);
    } else if (key == KEY_CODE_RIGHT && cursor < line_length) {
        move_to(cursor + 1);
    } else if (key == KEY_CODE_HOME || key == CONTROL_A) {
        move_to(0);
    } else if (key == KEY_CODE_END || key == CONTROL_E) {
        move_to(line_length);
    } else if (key == KEY_CODE_UP) {
        show_history(history_at, -1);
    } else if (key == KEY_CODE_DOWN) {
        show_history(history_at, 1);
    } else if (key == CONTROL_U) {
        replace_line("");
    } else if (key >= ' ' && key <= '~') {
        insert((char)key);
    }
}

/* Terminals on the serial line send the arrows as ESC [ letter: one key of it. Returns 0 in the middle of one. */
static uint32_t decode_escape(uint32_t key)
{
    static unsigned state; /* 1 behind ESC, 2 behind ESC [ */
    if (state == 2) {
        state = 0;
        return key == 'A'   ? KEY_CODE_UP
               : key == 'B' ? KEY_CODE_DOWN
               : key == 'C' ? KEY_CODE_RIGHT
               : key == 'D' ? KEY_CODE_LEFT
               : key == 'H' ? KEY_CODE_HOME
               : key == 'F' ? KEY_CODE_END
                            : 0;
    }
    if (key == 27 || (state == 1 && key == '[')) {
        state = key == 27 ? 1 : 2;
        return 0;
    }
    state = 0;
    return key;
}

/* Reads a line with its echo. Returns 0 when it was dropped with control-C. */
static int read_line(void)
{
    unsigned history_at = history_count;
    line_length = cursor = 0;
    line[0] = 0;
    write(PROMPT, sizeof PROMPT - 1);
    for (;;) {
        uint32_t key = decode_escape(next_key());
        if (key == '\n') {
            move_to(line_length);
            write("\n", 1);
            remember_line();
            return 1;
        }
        if (key == CONTROL_C) {
            move_to(line_length);
            write("^C\n", 3);
            return 0;
        }
        edit(key, &history_at);
    }
}

/* ---- words ---- */

/* Cuts the first word off `*rest`, which goes on at the next word. */
static char *next_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ')
        word++;
    char *end = word;
    while (*end && *end != ' ')
        end++;
    *rest = end;
    if (*end) {
        *end = 0;
        for (*rest = end + 1; **rest == ' ';)
            ++*rest;
    }
    return word;
}

/* A number from `lowest` to `highest`; prints what is wrong and returns -1 otherwise. */
static int parse(const char *word, const char *what, long lowest, long highest, long *number)
{
    if (text_number(word, number) == 0 && *number >= lowest && *number <= highest)
        return 0;
    print("%s must be a number from %ld to %ld\n", what, lowest, highest);
    return -1;
}

static int parse_topic(const char *word, long *topic)
{
    return parse(word, "TOPIC", 0, TOPIC_ANY - 1L, topic);
}

/* ---- commands ---- */

static void command_ps(char *rest)
{
    static struct process_info list[MAX_PROCESSES];
    int details = strcmp(next_word(&rest), "-l") == 0;
    int count = process_list(list, MAX_PROCESSES);
    print(details ? "PID  GEN  KIND     STATE             CPU  SWITCHES     CALLS  NAME\n"
                  : "PID  GEN  KIND     STATE     NAME\n");
    for (int i = 0; i < count; i++) {
        const struct process_info *p = &list[i];
        const char *state = p->state == PROCESS_BLOCKED ? wait_names[p->wait_reason] : state_names[p->state];
        if (details)
            print("%3u  %3u  %-7s  %-8s  %11lu  %8lu  %8lu  %s\n", p->pid, p->generation, kind_names[p->kind], state,
                  p->run_time, p->switches, p->system_calls, p->name);
        else
            print("%3u  %3u  %-7s  %-8s  %s\n", p->pid, p->generation, kind_names[p->kind], state, p->name);
    }
}

/* Waits for the process in front; control-C ends it, other keys are kept. */
static void wait_in_front(process_t process)
{
    struct received received;
    union {
        struct key_event key;
        struct process_event exited;
    } message;
    for (;;) {
        if (receive(TOPIC_ANY, &message, sizeof message, FOREVER, &received))
            continue;
        if (received.topic == TOPIC_KEYBOARD) {
            if (message.key.character == CONTROL_C)
                kill(process);
            else
                keep_key(message.key.character);
        } else if (message.exited.pid == (uint32_t)process && message.exited.generation == (uint32_t)(process >> 32)) {
            if (message.exited.reason == EXIT_KILLED)
                print("process %u (%s) was killed\n", message.exited.pid, message.exited.name);
            else if (message.exited.reason == EXIT_NORMAL && message.exited.status)
                print("process %u (%s) ended with status %d\n", message.exited.pid, message.exited.name,
                      message.exited.status);
            return;
        }
    }
}

/* Forgets the ends of processes nobody waits for. */
static void forget_exits(void)
{
    struct process_event event;
    while (receive(TOPIC_PROCESS_EXITED, &event, sizeof event, 0, 0) == 0)
        ;
}

static void command_run(char *rest)
{
    char *name = next_word(&rest);
    size_t length = strlen(rest);
    int behind = length > 0 && rest[length - 1] == '&';
    if (behind)
        for (rest[--length] = 0; length > 0 && rest[length - 1] == ' ';)
            rest[--length] = 0;
    if (!*name) {
        print("run NAME [ARGUMENTS] [&]\n");
        return;
    }
    forget_exits();
    process_t process = spawn(name, rest);
    if (process == -ENOENT)
        print("run: there is no program %s\n", name);
    else if (process < 0)
        print("run: %s cannot be started: %s\n", name, error_name(process));
    else if (behind)
        print("process %u\n", (uint32_t)process);
    else
        wait_in_front(process);
}

static void command_kill(char *rest)
{
    long pid;
    if (parse(next_word(&rest), "PID", 0, MAX_PROCESSES - 1, &pid))
        return;
    int result = kill(pid);
    if (result == 0)
        result = wait(pid, 0, KILL_PATIENCE_MS); /* so that the next command finds it gone */
    if (result == -ESRCH)
        print("kill: there is no process %ld\n", pid);
    else if (result)
        print("kill: %s\n", error_name(result));
}

static const char *topic_name(uint32_t id)
{
    const char *name = id < sizeof topic_names / sizeof topic_names[0] ? topic_names[id] : 0;
    return name ? name : "-";
}

/* Messages in the time between two looks at the topics. */
static uint64_t published_since(const struct topic_info *now, const struct topic_info *before, int count)
{
    for (int i = 0; i < count; i++)
        if (before[i].id == now->id && before[i].published <= now->published)
            return now->published - before[i].published;
    return now->published;
}

#define TOPICS_SHOWN 64
#define RATE_MS 200

static void command_topics(char *rest)
{
    static struct topic_info list[TOPICS_SHOWN], before[TOPICS_SHOWN];
    const char *option = next_word(&rest);
    int rates = strcmp(option, "-r") == 0, details = rates || strcmp(option, "-l") == 0;
    int count_before = rates ? topic_list(before, TOPICS_SHOWN) : 0;
    if (rates)
        sleep(RATE_MS);
    int count = topic_list(list, TOPICS_SHOWN);
    if (count < 0) {
        print("topics: %s\n", error_name(count));
        return;
    }
    for (int i = 0; i < count && rates; i++)
        list[i].published = published_since(&list[i], before, count_before) * (1000 / RATE_MS);
    print(rates     ? "     TOPIC  SUBSCRIBERS    QUEUED   A SECOND  DELIVERED    DROPPED  NAME\n"
          : details ? "     TOPIC  SUBSCRIBERS    QUEUED  PUBLISHED  DELIVERED    DROPPED  NAME\n"
                    : "     TOPIC  SUBSCRIBERS  NAME\n");
    for (int i = 0; i < count; i++) {
        const struct topic_info *t = &list[i];
        if (details)
            print("%10u  %11u  %8u  %9lu  %9lu  %9lu  %s\n", t->id, t->subscribers, t->queued, t->published,
                  t->delivered, t->dropped, topic_name(t->id));
        else
            print("%10u  %11u  %s\n", t->id, t->subscribers, topic_name(t->id));
    }
}

static void command_pub(char *rest)
{
    long topic;
    if (parse_topic(next_word(&rest), &topic))
        return;
    int result = publish((uint32_t)topic, rest, strlen(rest), 0);
    if (result)
        print("pub: %s\n", error_name(result));
}

/* A message on a topic that `sub` watches. Numbers of 4 bytes, as Programs publish them, are shown as numbers. */
static void watch(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    char text[100];
    const char *bytes = data;
    size_t shown = length < sizeof text - 1 ? length : sizeof text - 1;
    int printable = 1;
    (void)cookie;
    for (size_t i = 0; i < shown; i++) {
        text[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.';
        printable &= text[i] == bytes[i];
    }
    text[shown] = 0;
    if (at_prompt)
        write("\n", 1);
    if (dropped)
        print("topic %u: %lu messages lost\n", topic, dropped);
    if (length == 4 && !printable) {
        int number;
        memcpy(&number, data, sizeof number);
        print("topic %u: %d\n", topic, number);
    } else {
        print("topic %u: %s\n", topic, text);
    }
    if (at_prompt) {
        print(PROMPT "%s", line);
        write_left(line_length - cursor);
    }
}

static void command_sub(char *rest)
{
    long topic;
    if (parse_topic(next_word(&rest), &topic))
        return;
    int result = subscribe_callback((uint32_t)topic, watch, 0, 64, POLICY_DROP_OLDEST);
    if (result)
        print("sub: %s\n", error_name(result));
}

static void command_unsub(char *rest)
{
    long topic;
    if (parse_topic(next_word(&rest), &topic))
        return;
    int result = topic == TOPIC_KEYBOARD || topic == TOPIC_PROCESS_EXITED ? -EPERM : unsubscribe((uint32_t)topic);
    if (result)
        print("unsub: %s\n", error_name(result));
}

static void command_mem(char *rest)
{
    struct memory_info info;
    (void)rest;
    if (memory_info(&info))
        return;
    print("memory         %8lu KiB, %lu KiB free\n", info.memory_frames * 4, info.free_frames * 4);
    print("kernel heap    %8lu KiB, %lu bytes in %lu blocks used\n", info.heap_mapped / 1024, info.heap_used,
          info.heap_blocks);
    print("topics         %8u, %u subscriptions\n", info.topics, info.subscriptions);
    print("notifications  %8u waiting, %u kernel messages free\n", info.notifications, info.kernel_messages_free);
    print("retained       %8lu bytes\n", info.retained_bytes);
    print("queues         %8u, %u shared segments\n", info.queues, info.segments);
}

static void command_quantum(char *rest)
{
    char *word = next_word(&rest);
    long ms = 0;
    if (*word && parse(word, "MS", 1, 1000, &ms))
        return;
    int64_t now = quantum((uint64_t)ms * 1000);
    if (now < 0)
        print("quantum: %s\n", error_name(now));
    else if (now % 1000)
        print("quantum %ld us\n", now);
    else
        print("quantum %ld ms\n", now / 1000);
}

/* Runs the program of the same name. */
static void run_with(const char *name, const char *arguments)
{
    char text[LINE_MAX + 1];
    format(text, sizeof text, "%s %s", name, arguments);
    command_run(text);
}

static void command_test(char *rest)
{
    run_with("test", rest);
}

static void command_bench(char *rest)
{
    run_with("bench", rest);
}

static void command_services(char *rest)
{
    run_with("service", rest);
}

static void command_shutdown(char *rest)
{
    (void)rest;
    shutdown();
}

static void command_help(char *rest);

static const struct {
    const char *name;
    const char *arguments;
    const char *text;
    void (*run)(char *rest);
} commands[] = {
    {"help", "", "this list", command_help},
    {"ps", "[-l]", "processes; -l: with CPU time and counts", command_ps},
    {"run", "NAME [ARGUMENTS] [&]", "runs a program; & does not wait for it", command_run},
    {"kill", "PID", "ends a process", command_kill},
    {"topics", "[-l | -r]", "topics; -l: with counts; -r: with messages a second", command_topics},
    {"pub", "TOPIC TEXT", "publishes a text", command_pub},
    {"sub", "TOPIC", "shows the messages of a topic", command_sub},
    {"unsub", "TOPIC", "no longer shows them", command_unsub},
    {"mem", "", "memory in use", command_mem},
    {"quantum", "[MS]", "shows or sets the scheduler's quantum", command_quantum},
    {"services", "[-s]", "six services that need each other; -s: one after the other", command_services},
    {"test", "[NAME]", "checks of the kernel", command_test},
    {"bench", "[MODEL ...]", "ways to talk, side by side", command_bench},
    {"shutdown", "", "turns the machine off", command_shutdown},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void command_help(char *rest)
{
    (void)rest;
    for (size_t i = 0; i < COMMANDS; i++)
        print("%-8s  %-20s  %s\n", commands[i].name, commands[i].arguments, commands[i].text);
}

static void execute(char *text)
{
    char *name = next_word(&text);
    if (!*name)
        return;
    yield(); /* whom the last command woke goes first: what ps shows is then no matter of luck */
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            commands[i].run(text);
            return;
        }
    }
    print("%s: no such command; help lists them\n", name);
}

int main(const char *arguments)
{
    (void)arguments;
    int result = subscribe(TOPIC_KEYBOARD, MAILBOX_DEPTH_MAX, POLICY_DROP_NEWEST);
    if (result == 0)
        result = subscribe(TOPIC_PROCESS_EXITED, 64, POLICY_DROP_OLDEST);
    if (result) {
        print("shell: %s\n", error_name(result));
        return 1;
    }
    for (;;)
        if (read_line())
            execute(line);
}
