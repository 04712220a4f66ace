#include "herald.h"

static inline int64_t call(enum system_call number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    int64_t result = number;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

_Noreturn void main_with_exit(const char *arguments)
{
    exit(main(arguments));
}

void exit(int status)
{
    for (;;)
        call(SYS_EXIT, (uint64_t)status, 0, 0, 0, 0);
}

int getpid(void)
{
    return (int)call(SYS_GETPID, 0, 0, 0, 0, 0);
}

process_t spawn(const char *name, const char *arguments)
{
    return call(SYS_SPAWN, (uint64_t)name, (uint64_t)arguments, 0, 0, 0);
}

int wait(process_t process, int *status, uint64_t timeout_ms)
{
    return (int)call(SYS_WAIT, (uint64_t)process, (uint64_t)status, timeout_ms, 0, 0);
}

int kill(process_t process)
{
    return (int)call(SYS_KILL, (uint64_t)process, 0, 0, 0, 0);
}

void yield(void)
{
    call(SYS_YIELD, 0, 0, 0, 0, 0);
}

int sleep(uint64_t ms)
{
    return (int)call(SYS_SLEEP, ms, 0, 0, 0, 0);
}

int process_list(struct process_info *list, unsigned count)
{
    return (int)call(SYS_PROCESS_LIST, (uint64_t)list, count, 0, 0, 0);
}

int64_t quantum(uint64_t microseconds)
{
    return call(SYS_QUANTUM, microseconds, 0, 0, 0, 0);
}

void shutdown(void)
{
    for (;;)
        call(SYS_SHUTDOWN, 0, 0, 0, 0, 0);
}

int publish(uint32_t topic, const void *data, size_t length, uint32_t flags)
{
    return (int)call(SYS_PUBLISH, topic, (uint64_t)data, length, flags, 0);
}

int subscribe(uint32_t topic, uint32_t depth, enum policy policy)
{
    struct subscribe_options options = {.depth = depth, .policy = policy};
    return (int)call(SYS_SUBSCRIBE, topic, 0, (uint64_t)&options, 0, 0);
}

/* What herald_callback (crt0.S) needs to know of each subscription with a callback. */
static struct callback_entry {
    callback_t *callback;
    uint64_t cookie;
    uint32_t topic;
    uint32_t used;
} callbacks[MAX_SUBSCRIPTIONS];

void herald_callback(void);

int subscribe_callback(uint32_t topic, callback_t *callback, uint64_t cookie, uint32_t depth, enum policy policy)
{
    struct callback_entry *entry = callbacks;
    while (entry < callbacks + MAX_SUBSCRIPTIONS && entry->used)
        entry++;
    if (entry == callbacks + MAX_SUBSCRIPTIONS)
        return -ENOSPC;
    *entry = (struct callback_entry){callback, cookie, topic, 1};
    struct subscribe_options options = {.depth = depth, .policy = policy, .cookie = (uint64_t)entry};
    int result = (int)call(SYS_SUBSCRIBE, topic, (uint64_t)herald_callback, (uint64_t)&options, 0, 0);
    if (result)
        entry->used = 0;
    return result;
}

int unsubscribe(uint32_t topic)
{
    int result = (int)call(SYS_UNSUBSCRIBE, topic, 0, 0, 0, 0);
    for (struct callback_entry *entry = callbacks; result == 0 && entry < callbacks + MAX_SUBSCRIPTIONS; entry++)
        if (entry->used && entry->topic == topic)
            entry->used = 0;
    return result;
}

int receive(uint32_t topic, void *buffer, size_t size, uint64_t timeout_ms, struct received *received)
{
    return (int)call(SYS_RECEIVE, topic, (uint64_t)buffer, size, timeout_ms, (uint64_t)received);
}

int pause(uint64_t timeout_ms)
{
    return (int)call(SYS_PAUSE, timeout_ms, 0, 0, 0, 0);
}

int topic_list(struct topic_info *list, unsigned count)
{
    return (int)call(SYS_TOPIC_LIST, (uint64_t)list, count, 0, 0, 0);
}

void *grow(size_t bytes)
{
    int64_t start = call(SYS_GROW, bytes, 0, 0, 0, 0);
    return start < 0 ? 0 : (void *)start;
}

int memory_info(struct memory_info *info)
{
    return (int)call(SYS_MEMORY_INFO, (uint64_t)info, 0, 0, 0, 0);
}

int64_t read_file(const char *name, uint64_t offset, void *buffer, size_t size)
{
    return call(SYS_READ_FILE, (uint64_t)name, offset, (uint64_t)buffer, size, 0);
}

int64_t write(const char *data, size_t length)
{
    size_t done = 0;
    do {
        size_t part = length - done < WRITE_MAX ? length - done : WRITE_MAX;
        int64_t result = call(SYS_WRITE, (uint64_t)(data + done), part, 0, 0, 0);
        if (result < 0)
            return result;
        done += part;
    } while (done < length);
    return (int64_t)done;
}

void print(const char *pattern, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, pattern);
    size_t length = format_list(text, sizeof text, pattern, arguments);
    va_end(arguments);
    write(text, length);
}

const char *error_name(int64_t error)
{
    static const char *const names[] = ERROR_NAMES;
    uint64_t index = (uint64_t)(error < 0 ? -error : error);
    if (index == 0)
        return "ok";
    return index < sizeof names / sizeof names[0] && names[index] ? names[index] : "unknown error";
}
