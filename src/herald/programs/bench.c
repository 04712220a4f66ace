/*
 * Ways to talk, side by side: bench MODEL BYTES SUBSCRIBERS BURST ROUNDS. One publisher sends bursts of messages;
 * each subscriber, a process of its own, adds up the payload of every message. A round begins when all wait, and ends
 * when the last subscriber has added up the last message. Prints one line of sums over all rounds:
 *
 *     bench MODEL BYTES SUBSCRIBERS BURST ROUNDS: ticks N calls N switches N delivered N dropped N memory N
 *
 * Models: callback, receive (publish/subscribe in the kernel; handoff: callbacks, and the publisher gives the CPU away), queue (a
 * message queue for each subscriber), broker (a process with the table of subscribers), shared (a ring in shared memory, and a wake). `bench call`: a thousand system
 * calls that do nothing. Without arguments: a small table. On our machine a tick is an instruction.
 */
#include "broker.h"

#define CONTROL_SEGMENT 7000
#define RING_SEGMENT 7001
#define TOPIC 7000
#define QUEUE 7100 /* number of the first subscriber's queue */
#define RING 16    /* messages in the ring, and slots of every queue and mailbox */
#define SUBSCRIBERS_MAX 64

struct job {
    char model[16];
    long bytes, subscribers, burst, rounds;
};

/* What publisher and subscribers share besides the messages. */
static struct control {
    volatile uint32_t ready;    /* subscribers that listen */
    volatile uint32_t finished; /* subscribers that have everything of all rounds so far */
    volatile uint32_t over;     /* 1: the subscribers may end */
    volatile uint32_t taken;    /* 1: a bench runs, and no other may */
    volatile uint64_t end;      /* TSC when the last of them had it */
    volatile uint64_t dropped, delivered, sum;
} *control;

/* The ring of model shared: the sequence number says how many messages were written ever. */
static struct ring {
    volatile uint32_t sequence;
    uint32_t unused[3];
    char slots[];
} *ring;

static struct job job;
static char buffer[MESSAGE_MAX] __attribute__((aligned(16)));

static uint64_t now(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

static uint32_t add(volatile uint32_t *word, uint32_t value)
{
    return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
}

/* The host looks for these two names: between them lies one round. */
__attribute__((noinline)) void measure_begin(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void measure_end(void)
{
    __asm__ volatile("");
}

static void *attach(uint32_t number, size_t bytes)
{
    int error;
    void *address = segment_attach(number, bytes, &error);
    if (!address) {
        print("bench: segment: %s\n", error_name(error));
        exit(1);
    }
    return address;
}

static void must(int64_t result, const char *what)
{
    if (result >= 0)
        return;
    print("bench: %s: %s\n", what, error_name(result));
    exit(1);
}

static size_t slot_bytes(void)
{
    return ((size_t)job.bytes + 15) & ~(size_t)15;
}

/* ---- a subscriber ---- */

static long received;

/* A message has come. At the end of a round the last subscriber takes the time and wakes the publisher. */
static void consume(const void *data, uint64_t dropped)
{
    uint64_t sum = 0;
    for (long i = 0; i < job.bytes / 8; i++)
        sum += ((const uint64_t *)data)[i];
    control->sum += sum;
    control->delivered++;
    control->dropped += dropped;
    received += 1 + (long)dropped;
    if (received % job.burst)
        return;
    if (add(&control->finished, 1) % (uint32_t)job.subscribers == 0) {
        control->end = now();
        measure_end();
        segment_wake(&control->finished, 1);
    }
    if (received == job.burst * job.rounds) {
        while (!control->over) /* a process that ended would be missing in the counts */
            segment_wait(&control->over, 0, FOREVER);
        exit(0);
    }
}

static void on_message(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)length, (void)cookie;
    consume(data, dropped);
}

static int subscriber_queue;

static void prepare(long index)
{
    if (strcmp(job.model, "callback") == 0 || strcmp(job.model, "handoff") == 0)
        must(subscribe_callback(TOPIC, on_message, 0, RING, POLICY_DROP_OLDEST), "subscribe");
    else if (strcmp(job.model, "receive") == 0)
        must(subscribe(TOPIC, RING, POLICY_DROP_OLDEST), "subscribe");
    else if (strcmp(job.model, "queue") == 0)
        must(subscriber_queue = queue_open(QUEUE + (uint32_t)index), "queue");
    else if (strcmp(job.model, "broker") == 0)
        must(broker_subscribe(TOPIC), "broker");
    else
        ring = attach(RING_SEGMENT, 0);
    add(&control->ready, 1);
    segment_wake(&control->ready, 1);
}

static void listen_receive(void)
{
    struct received with;
    must(receive(TOPIC, buffer, (size_t)job.bytes, FOREVER, &with), "receive");
    consume(buffer, with.dropped);
}

static void listen_queue(void)
{
    must(queue_receive(subscriber_queue, buffer, (size_t)job.bytes, FOREVER), "receive");
    consume(buffer, 0);
}

static void listen_broker(void)
{
    uint32_t topic;
    const void *data;
    must(broker_receive(&topic, &data, FOREVER), "receive");
    consume(data, 0);
}

static void listen_shared(void)
{
    uint32_t seen = (uint32_t)received;
    while (ring->sequence == seen)
        segment_wait(&ring->sequence, seen, FOREVER);
    consume(ring->slots + seen % RING * slot_bytes(), 0);
}

static void subscriber(long index)
{
    prepare(index);
    for (int model = job.model[0];;) {
        if (model == 'c' || model == 'h')
            serve(FOREVER);
        else if (model == 'r')
            listen_receive();
        else if (model == 'q')
            listen_queue();
        else if (model == 'b')
            listen_broker();
        else
            listen_shared();
    }
}

/* ---- the publisher ---- */

static int queues[SUBSCRIBERS_MAX];

static void send(uint32_t sequence)
{
    switch (job.model[0]) {
    case 'c':
    case 'r':
        must(publish(TOPIC, buffer, (size_t)job.bytes, 0), "publish");
        break;
    case 'h':
        must(publish(TOPIC, buffer, (size_t)job.bytes, PUBLISH_HANDOFF), "publish");
        break;
    case 'q':
        for (long i = 0; i < job.subscribers; i++)
            must(queue_send(queues[i], buffer, (size_t)job.bytes, FOREVER), "send");
        break;
    case 'b':
        must(broker_publish(TOPIC, broker_buffer(), (size_t)job.bytes), "publish");
        break;
    default:
        memcpy(ring->slots + sequence % RING * slot_bytes(), buffer, (size_t)job.bytes);
        ring->sequence = sequence + 1;
        segment_wake(&ring->sequence, UINT32_MAX);
    }
}

struct counts {
    uint64_t calls, switches, memory;
};

static void count(struct counts *counts)
{
    static struct process_info list[MAX_PROCESSES];
    struct memory_info memory;
    int processes = process_list(list, MAX_PROCESSES);
    *counts = (struct counts){0};
    for (int i = 0; i < processes; i++) {
        counts->calls += list[i].system_calls;
        counts->switches += list[i].switches;
    }
    memory_info(&memory);
    /* blocks in use and frames beside the heap's: how far the heap has grown is a matter of what was before */
    counts->memory = memory.heap_used + (memory.memory_frames - memory.free_frames) * PAGE_SIZE - memory.heap_mapped;
}

/* Calls that are not part of a round: those of count itself, and the wake that ends it; and the wait for its end. */
#define CALLS_BESIDES 3

static void measure(struct counts *sum, uint64_t *ticks)
{
    struct counts before, after, full;
    uint32_t sequence = 0, finished = 0;
    for (long round = 0; round < job.rounds; round++) {
        int waited = 0;
        if (round == 0)
            sleep(1); /* the next timer interrupt is far */
        else
            yield(); /* all subscribers wait now */
        count(&before);
        measure_begin();
        uint64_t start = now();
        for (long i = 0; i < job.burst; i++)
            send(sequence++);
        finished += (uint32_t)job.subscribers;
        if (job.subscribers == 0) {
            control->end = now();
            measure_end();
        }
        if (round == 0)
            count(&full);
        for (; control->finished != finished; waited = 1)
            segment_wait(&control->finished, control->finished, FOREVER);
        count(&after);
        if (round == 0) /* warms everything up; only its memory counts */
            sum->memory = full.memory > before.memory ? full.memory - before.memory : 0;
        if (round == 0 || round == job.rounds - 1) /* in the last one the subscribers go to another place */
            continue;
        *ticks += control->end - start;
        sum->calls += after.calls - before.calls - (job.subscribers ? CALLS_BESIDES + (unsigned)waited : 2);
        sum->switches += after.switches - before.switches;
    }
}

static process_t start(const char *name, const char *arguments)
{
    process_t process = spawn(name, arguments);
    must(process, name);
    return process;
}

static int run(void)
{
    static process_t children[SUBSCRIBERS_MAX];
    process_t broker = 0;
    struct counts sum = {0};
    uint64_t ticks = 0;
    char text[ARGUMENT_SIZE];
    control = attach(CONTROL_SEGMENT, sizeof *control);
    if (__atomic_exchange_n(&control->taken, 1, __ATOMIC_SEQ_CST)) {
        print("bench: another one is running, or its subscribers are left (ps shows them, kill ends them)\n");
        segment_detach(CONTROL_SEGMENT);
        return 1;
    }
    if (job.model[0] == 's')
        ring = attach(RING_SEGMENT, sizeof *ring + RING * slot_bytes());
    if (job.model[0] == 'b') {
        broker = start("broker", "");
        while (queue_open(BROKER_QUEUE) < 0)
            sleep(1);
    }
    for (long i = 0; i < job.subscribers; i++) {
        if (job.model[0] == 'q')
            must(queues[i] = queue_create(QUEUE + (uint32_t)i, RING), "queue");
        format(text, sizeof text, "%s %ld %ld %ld %ld %ld", job.model, job.bytes, job.subscribers, job.burst,
               job.rounds, i);
        children[i] = start("bench", text);
    }
    while (control->ready < (uint32_t)job.subscribers)
        segment_wait(&control->ready, control->ready, FOREVER);

    measure(&sum, &ticks);
    control->over = 1;
    segment_wake(&control->over, UINT32_MAX);
    for (long i = 0; i < job.subscribers; i++)
        wait(children[i], 0, FOREVER);
    print("bench %s %ld %ld %ld %ld: ticks %lu calls %lu switches %lu delivered %lu dropped %lu memory %lu\n",
          job.model, job.bytes, job.subscribers, job.burst, job.rounds - 2, ticks, sum.calls, sum.switches,
          (uint64_t)((job.rounds - 2) * job.burst * job.subscribers), control->dropped, sum.memory);
    if (broker) {
        kill(broker);
        wait(broker, 0, FOREVER);
    }
    segment_detach(CONTROL_SEGMENT);
    segment_detach(RING_SEGMENT);
    for (long i = 0; i < job.subscribers && job.model[0] == 'q'; i++)
        queue_close(queues[i]);
    return 0;
}

static void small_table(void)
{
    static const char *const models[] = {"callback", "receive", "queue", "broker", "shared"};
    char text[ARGUMENT_SIZE];
    for (unsigned i = 0; i < sizeof models / sizeof models[0]; i++) {
        format(text, sizeof text, "%s 64 4 8 5", models[i]);
        wait(start("bench", text), 0, FOREVER);
    }
}

/* A thousand calls that do nothing. */
static void empty_calls(void)
{
    uint64_t start = now();
    for (int i = 0; i < 1000; i++)
        getpid();
    print("bench call: ticks %lu\n", now() - start);
}

/* Cuts the next word off; the empty text at the end. */
static char *word(char **rest)
{
    char *begin = *rest, *end = begin;
    while (*end && *end != ' ')
        end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    return begin;
}

int main(const char *arguments)
{
    char text[ARGUMENT_SIZE];
    char *rest = text;
    long index = -1;
    text_copy(text, arguments, sizeof text);
    if (!*text) {
        small_table();
        return 0;
    }
    text_copy(job.model, word(&rest), sizeof job.model);
    if (strcmp(job.model, "call") == 0) {
        empty_calls();
        return 0;
    }
    if (text_number(word(&rest), &job.bytes) || text_number(word(&rest), &job.subscribers) ||
        text_number(word(&rest), &job.burst) || text_number(word(&rest), &job.rounds) || job.bytes < 0 ||
        job.bytes > MESSAGE_MAX || job.subscribers < 0 || job.subscribers > SUBSCRIBERS_MAX || job.burst < 1 ||
        job.burst > RING || job.rounds < 3 || !job.model[0]) {
        print("bench MODEL BYTES SUBSCRIBERS BURST ROUNDS\n");
        return 1;
    }
    if (*rest && text_number(word(&rest), &index) == 0) {
        control = attach(CONTROL_SEGMENT, 0);
        subscriber(index);
        return 0;
    }
    return run();
}
