#include "herald.h"

static inline int64_t call(enum system_call number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    int64_t result = number;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r9", "r11", "memory");
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

static int subscribe_entry(uint32_t topic, callback_t *callback, struct subscribe_options options)
{
    struct callback_entry *entry = callbacks;
    while (entry < callbacks + MAX_SUBSCRIPTIONS && entry->used)
        entry++;
    if (entry == callbacks + MAX_SUBSCRIPTIONS)
        return -ENOSPC;
    *entry = (struct callback_entry){callback, options.cookie, topic, 1};
    options.cookie = (uint64_t)entry;
    int result = (int)call(SYS_SUBSCRIBE, topic, (uint64_t)herald_callback, (uint64_t)&options, 0, 0);
    if (result)
        entry->used = 0;
    return result;
}

int subscribe_callback(uint32_t topic, callback_t *callback, uint64_t cookie, uint32_t depth, enum policy policy)
{
    struct subscribe_options options = {.depth = depth, .policy = policy, .cookie = cookie};
    return subscribe_entry(topic, callback, options);
}

int subscribe_with(uint32_t topic, callback_t *callback, const struct subscribe_options *options)
{
    if (callback)
        return subscribe_entry(topic, callback, *options);
    return (int)call(SYS_SUBSCRIBE, topic, 0, (uint64_t)options, 0, 0);
}

int retain(uint32_t topic, uint32_t depth)
{
    return (int)call(SYS_RETAIN, topic, depth, 0, 0, 0);
}

int request(uint32_t topic, const void *data, size_t length, void *buffer, size_t size, uint64_t timeout_ms)
{
    struct request_arguments arguments = {
        .topic = topic,
        .length = length > UINT32_MAX ? UINT32_MAX : (uint32_t)length,
        .data = (uint64_t)data,
        .buffer = (uint64_t)buffer,
        .size = size,
        .timeout_ms = timeout_ms,
    };
    return (int)call(SYS_REQUEST, (uint64_t)&arguments, 0, 0, 0, 0);
}

int reply(uint64_t token, const void *data, size_t length)
{
    return (int)call(SYS_REPLY, token, (uint64_t)data, length, 0, 0);
}

uint64_t herald_callback_reply; /* crt0.S */

uint64_t callback_reply(void)
{
    return herald_callback_reply;
}

int service_ready(void)
{
    return (int)call(SYS_SERVICE_READY, 0, 0, 0, 0, 0);
}

int queue_create(uint32_t number, uint32_t depth)
{
    return (int)call(SYS_QUEUE_CREATE, number, depth, 0, 0, 0);
}

int queue_open(uint32_t number)
{
    return (int)call(SYS_QUEUE_OPEN, number, 0, 0, 0, 0);
}

int queue_close(int handle)
{
    return (int)call(SYS_QUEUE_CLOSE, (uint64_t)handle, 0, 0, 0, 0);
}

int queue_send(int handle, const void *data, size_t length, uint64_t timeout_ms)
{
    return (int)call(SYS_QUEUE_SEND, (uint64_t)handle, (uint64_t)data, length, timeout_ms, 0);
}

int queue_receive(int handle, void *buffer, size_t size, uint64_t timeout_ms)
{
    return (int)call(SYS_QUEUE_RECEIVE, (uint64_t)handle, (uint64_t)buffer, size, timeout_ms, 0);
}

void *segment_attach(uint32_t number, size_t bytes, int *error)
{
    int64_t result = call(SYS_SEGMENT_ATTACH, number, bytes, 0, 0, 0);
    if (error)
        *error = result < 0 ? (int)result : 0;
    return result < 0 ? 0 : (void *)result;
}

int segment_detach(uint32_t number)
{
    return (int)call(SYS_SEGMENT_DETACH, number, 0, 0, 0, 0);
}

int segment_wait(const volatile uint32_t *address, uint32_t expected, uint64_t timeout_ms)
{
    return (int)call(SYS_SEGMENT_WAIT, (uint64_t)address, expected, timeout_ms, 0, 0);
}

int segment_wake(const volatile uint32_t *address, unsigned count)
{
    return (int)call(SYS_SEGMENT_WAKE, (uint64_t)address, count, 0, 0, 0);
}

int64_t debug(enum debug_operation operation, uint64_t value)
{
    return call(SYS_DEBUG, operation, value, 0, 0, 0);
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

int serve(uint64_t timeout_ms)
{
    return (int)call(SYS_SERVE, timeout_ms, 0, 0, 0, 0);
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
