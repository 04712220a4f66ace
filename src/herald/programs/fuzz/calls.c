/* What a hostile program would try. */
#include "fuzz.h"

#define ROOM (128 * 1024) /* no call writes more: what it is given never reaches what we need ourselves */
#define BUFFER 8192

static char *buffer;        /* ROOM bytes and more */
static char *before_a_hole; /* 16 bytes that end where nothing is mapped */

void calls_start(void)
{
    buffer = grow(BUFFER + ROOM + PAGE_SIZE);
    if (!buffer)
        exit(1);
    char *end = buffer + BUFFER + ROOM + PAGE_SIZE;
    before_a_hole = end - (uint64_t)end % PAGE_SIZE - 16;
}

static void callback(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    for (uint64_t i = random_below(4); i > 0; i--)
        random_call(1);
    if (random_below(300) == 0)
        __asm__ volatile("ud2");
}

static uint64_t address(void)
{
    static const uint64_t hostile[] = {
        0,
        8,
        USER_BASE - 1,
        USER_TOP - 8,
        USER_TOP,
        UINT64_C(1) << 47,
        UINT64_C(1) << 62,
        DIRECT_MAP_BASE,
        KERNEL_VIRTUAL_BASE + KERNEL_PHYSICAL_BASE,
        HEAP_BASE,
        KERNEL_STACKS_BASE + KERNEL_STACK_STRIDE - 64,
        ~UINT64_C(0),
    };
    switch (random_below(8)) {
    case 0:
        return hostile[random_below(sizeof hostile / sizeof hostile[0])];
    case 1:
        return (uint64_t)before_a_hole + random_below(24);
    case 2:
        return (uint64_t)&callback; /* readable, not writable */
    case 3:
        return (uint64_t)__builtin_frame_address(0) - ROOM - random_below(60000); /* the stack, perhaps not yet there */
    case 4:
        return random_number();
    default:
        return (uint64_t)buffer + random_below(BUFFER);
    }
}

static uint64_t length(void)
{
    static const uint64_t hostile[] = {MESSAGE_MAX, MESSAGE_MAX + 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63,
                                       ~UINT64_C(0)};
    switch (random_below(6)) {
    case 0:
        return hostile[random_below(sizeof hostile / sizeof hostile[0])];
    case 1:
        return random_below(4096);
    default:
        return random_below(40);
    }
}

static uint64_t topic(void)
{
    static const uint64_t hostile[] = {0,         1,           TOPIC_RESERVED - 1,  TOPIC_ANY,
                                       TOPIC_PRIVATE, TOPIC_PRIVATE + 3, UINT64_C(1) << 32, ~UINT64_C(0)};
    if (random_below(12) == 0)
        return hostile[random_below(sizeof hostile / sizeof hostile[0])];
    return TOPIC_SHARED + random_below(SHARED_TOPICS);
}

/* Mostly none: who waits makes no calls. Who waits for ever is ended by the master. */
static uint64_t timeout(void)
{
    switch (random_below(500)) {
    case 0:
        return FOREVER;
    case 1:
        return random_number();
    default:
        return random_below(16) == 0;
    }
}

static uint64_t anything(void)
{
    switch (random_below(4)) {
    case 0:
        return random_below(16);
    case 1:
        return address();
    case 2:
        return length();
    default:
        return random_number();
    }
}

static void call_subscribe(void)
{
    struct subscribe_options options = {
        .depth = random_below(10) ? (uint32_t)random_below(6) : (uint32_t)random_number(),
        .policy = random_below(12) ? (uint32_t)random_below(2) : POLICY_HOLD + (uint32_t)random_below(2),
        .flags = (uint32_t)random_below(random_below(10) ? 2 : 100),
    };
    if (random_below(12) == 0)
        raw_call(SYS_SUBSCRIBE, topic(), random_below(2) ? 0 : address() | UINT64_C(1) << 63, address(), 0, 0);
    else
        count_call(), subscribe_with((uint32_t)topic(), random_below(2) ? callback : 0, &options);
}

static void call_request(void)
{
    struct request_arguments arguments = {
        .topic = (uint32_t)topic(),
        .length = (uint32_t)length(),
        .data = address(),
        .buffer = address(),
        .size = length(),
        .timeout_ms = timeout(),
    };
    raw_call(SYS_REQUEST, random_below(10) ? (uint64_t)&arguments : address(), anything(), 0, 0, 0);
}

/* Receives from the shared topics only; replies when that is wanted. */
static void call_receive(void)
{
    struct received received = {0};
    uint64_t information = random_below(4) ? (uint64_t)&received : address();
    int64_t result = raw_call(SYS_RECEIVE, TOPIC_SHARED + random_below(SHARED_TOPICS), address(), length(), timeout(),
                              information);
    if (result == 0 && received.reply)
        raw_call(SYS_REPLY, received.reply, address(), length(), 0, 0);
}

/* Another worker, or something that is no process; never the master, the shell or init. */
static uint64_t victim(void)
{
    static struct process_info list[MAX_PROCESSES];
    count_call();
    int count = process_list(list, MAX_PROCESSES);
    uint32_t parent = 0;
    for (int i = 0; i < count; i++)
        if (list[i].pid == (uint32_t)getpid())
            parent = list[i].parent_pid;
    for (int i = 0; i < count; i++)
        if (list[i].parent_pid == parent && strcmp(list[i].name, "fuzz") == 0 && random_below(3) == 0)
            return (uint64_t)list[i].generation << 32 | list[i].pid;
    return random_number() | UINT64_C(1) << 31;
}

static void call_write(void)
{
    uint64_t at = address();
    raw_call(SYS_WRITE, at, at >= USER_BASE && at < USER_TOP ? 0 : length(), 0, 0, 0);
}

/* An address at which no program's name stands: process_list may have left one in the buffer, or a message on the stack. */
static uint64_t address_of_no_name(void)
{
    uint64_t at = address() | 1;
    if (at >= USER_STACK_TOP - USER_STACK_LIMIT && at < USER_STACK_TOP)
        at = (uint64_t)buffer | 1;
    if (at >= (uint64_t)buffer && at < (uint64_t)buffer + BUFFER)
        *(char *)at = 1;
    return at;
}

static void call_spawn(void)
{
    static const char *const names[] = {"", "no-such-program", "scenario.cfg", "fuzz"};
    if (random_below(3))
        raw_call(SYS_SPAWN, address_of_no_name(), address(), 0, 0, 0);
    else
        raw_call(SYS_SPAWN, (uint64_t)names[random_below(random_below(8) ? 3 : 4)], (uint64_t) "nothing", 0, 0, 0);
}

static void call_segment(uint64_t number)
{
    int error;
    count_call();
    volatile uint32_t *word = segment_attach((uint32_t)random_below(4) + 70, random_below(3 * PAGE_SIZE), &error);
    if (number == SYS_SEGMENT_DETACH)
        raw_call(number, random_below(5) + 70, 0, 0, 0, 0);
    else if (number == SYS_SEGMENT_WAIT)
        raw_call(number, random_below(3) && word ? (uint64_t)word : address(), random_below(2), timeout(), 0, 0);
    else if (number == SYS_SEGMENT_WAKE)
        raw_call(number, random_below(3) && word ? (uint64_t)word : address(), anything(), 0, 0, 0);
    else
        raw_call(SYS_SEGMENT_ATTACH, random_below(6) ? random_below(5) + 70 : random_number(), length(), 0, 0, 0);
}

static void call_queue(uint64_t number)
{
    count_call();
    int handle = queue_open((uint32_t)random_below(4) + 50);
    uint64_t which = random_below(8) ? (uint64_t)handle : anything();
    switch (number) {
    case SYS_QUEUE_CREATE:
        raw_call(number, random_below(5) + 50, random_below(6) ? random_below(5) : anything(), 0, 0, 0);
        break;
    case SYS_QUEUE_SEND:
    case SYS_QUEUE_RECEIVE:
        raw_call(number, which, address(), length(), timeout(), 0);
        break;
    default:
        raw_call(number, which, anything(), 0, 0, 0);
    }
}

static void call_debug(void)
{
    if (random_below(6) == 0)
        count_call(), debug(DEBUG_FAIL_ALLOCATION, random_below(5));
    else if (random_below(40) == 0)
        count_call(), debug(DEBUG_CHECK_HEAP, 0);
}

/* Who waits for room makes no calls either. */
static uint64_t publish_flags(void)
{
    uint64_t flags = random_below(16) ? random_below(8) : random_number();
    return random_below(4) ? flags | PUBLISH_NONBLOCK : flags;
}

/* The calls that cannot be made with just anything. Returns whether it was one. */
static int careful_call(uint64_t number)
{
    switch (number) {
    case SYS_SHUTDOWN:
    case SYS_QUANTUM: /* the master has chosen it */
        return 1;
    case SYS_DEBUG:
        call_debug();
        return 1;
    case SYS_EXIT:
        if (random_below(100) == 0)
            exit((int)random_below(40));
        return 1;
    case SYS_KILL:
        raw_call(SYS_KILL, random_below(40) ? random_number() | UINT64_C(1) << 31 : victim(), 0, 0, 0, 0);
        return 1;
    case SYS_WRITE:
        call_write();
        return 1;
    case SYS_SPAWN:
        call_spawn();
        return 1;
    case SYS_GROW:
        raw_call(SYS_GROW, random_below(50) ? random_below(300) : length(), 0, 0, 0, 0);
        return 1;
    default:
        return 0;
    }
}

static void plain_call(uint64_t number)
{
    switch (number) {
    case SYS_PUBLISH:
        raw_call(number, topic(), address(), length(), publish_flags(), 0);
        break;
    case SYS_SUBSCRIBE:
        call_subscribe();
        break;
    case SYS_UNSUBSCRIBE:
        if (random_below(4) == 0)
            count_call(), unsubscribe((uint32_t)topic());
        break;
    case SYS_RECEIVE:
        call_receive();
        break;
    case SYS_SLEEP:
    case SYS_PAUSE:
    case SYS_SERVE:
        raw_call(number, timeout(), anything(), 0, 0, 0);
        break;
    case SYS_WAIT:
        raw_call(number, random_below(4) ? anything() : victim(), address(), timeout(), 0, 0);
        break;
    case SYS_RETAIN:
        raw_call(number, topic(), random_below(4) ? random_below(5) : anything(), 0, 0, 0);
        break;
    case SYS_REQUEST:
        call_request();
        break;
    case SYS_SERVICE_READY: /* its message would be retained for ever */
        break;
    default:
        if (number >= SYS_QUEUE_CREATE && number <= SYS_QUEUE_RECEIVE)
            call_queue(number);
        else if (number >= SYS_SEGMENT_ATTACH && number <= SYS_SEGMENT_WAKE)
            call_segment(number);
        else
            raw_call(number, anything(), anything(), anything(), anything(), anything());
    }
}

void random_call(int in_callback)
{
    uint64_t number = random_below(50);
    if (number >= 40)
        number = SYS_PUBLISH; /* what it is about */
    if (random_below(100) == 0)
        number = random_number() | UINT64_C(1) << 20; /* no such call */
    if (in_callback && number == SYS_UNSUBSCRIBE && random_below(2))
        number = SYS_CALLBACK_RETURN;
    if (!careful_call(number))
        plain_call(number);
}
