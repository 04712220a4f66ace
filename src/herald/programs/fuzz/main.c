/*
 * fuzz [SEED [CALLS [WORKERS]]]: at least CALLS random calls (10000 unless told) from WORKERS processes (4) at once,
 * under quanta of a few hundred instructions, another length every millisecond. Says how many, and whether a message was missing, doubled or changed.
 */
#include "fuzz.h"

#define QUANTUM_US 5 /* the shortest there is */
#define QUANTUM_RANGE 6
#define STUCK_MS 3 /* without one call: it waits for something that does not come */
#define BUSY_MS 100 /* so long it may take to start and to end */

uint64_t *calls_made;

static struct board *board;
static uint64_t state;

uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void random_start(uint64_t seed)
{
    state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 8; i++)
        random_number();
}

int worker(unsigned index, uint64_t seed, unsigned workers)
{
    random_start(seed);
    calls_made = &board->calls[index];
    calls_start();
    stream_start(index, workers);
    for (uint64_t first = *calls_made; *calls_made - first < ROUND_CALLS;) {
        random_call(0);
        int status = stream_step();
        if (status)
            return status;
    }
    return ROUND_DONE;
}

static struct {
    process_t process; /* 0: none */
    uint64_t first_calls, last_calls; /* of its worker, when it was started and when somebody looked last */
    int waited_ms;
} slots[WORKERS_MAX];

static struct {
    unsigned rounds, done, wrong, killed_stuck;
} count;

static void start_worker(unsigned index, uint64_t seed, unsigned workers)
{
    char arguments[64];
    format(arguments, sizeof arguments, "+%u %lu %u", index, seed + ++count.rounds, workers);
    process_t process = spawn("fuzz", arguments);
    slots[index].process = process < 0 ? 0 : process; /* no memory just now: the next time, perhaps */
    slots[index].first_calls = slots[index].last_calls = board->calls[index];
    slots[index].waited_ms = 0;
}

/* Ends a worker that gets no further. It may take longer to start and to end. */
static void watch(unsigned index)
{
    uint64_t calls = board->calls[index], made = calls - slots[index].first_calls;
    if (calls != slots[index].last_calls)
        slots[index].waited_ms = 0;
    slots[index].last_calls = calls;
    if (++slots[index].waited_ms == (made > 0 && made < ROUND_CALLS ? STUCK_MS : BUSY_MS)) {
        count.killed_stuck++;
        kill(slots[index].process);
    }
}

/* Looks whether a worker has ended. */
static void attend(unsigned index)
{
    int status = 0;
    int result = wait(slots[index].process, &status, 0);
    if (result == -EAGAIN) {
        watch(index);
        return;
    }
    if (result == -EINTR)
        return;
    slots[index].process = 0;
    if (result == 0 && status == ROUND_DONE)
        count.done++;
    else if (result == 0 && status == ROUND_WRONG)
        count.wrong++;
}

/* The number at *text, which goes behind it; `otherwise` when there is none. */
static uint64_t number(const char **text, uint64_t otherwise)
{
    uint64_t value = 0;
    while (**text == ' ')
        ++*text;
    if (**text < '0' || **text > '9')
        return otherwise;
    while (**text >= '0' && **text <= '9')
        value = value * 10 + (uint64_t)(*(*text)++ - '0');
    return value;
}

static uint64_t all_calls(void)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < WORKERS_MAX; i++)
        all += board->calls[i];
    return all;
}

static void end_all(void)
{
    static struct process_info list[MAX_PROCESSES];
    int listed = process_list(list, MAX_PROCESSES);
    for (int i = 0; i < listed; i++) {
        process_t process = (int64_t)((uint64_t)list[i].generation << 32 | list[i].pid);
        if (strcmp(list[i].name, "fuzz") || list[i].pid == (uint32_t)getpid())
            continue;
        kill(process);
        wait(process, 0, FOREVER);
    }
    for (uint32_t topic = TOPIC_SHARED; topic < TOPIC_SHARED + SHARED_TOPICS; topic++)
        retain(topic, 0);
}

int main(const char *arguments)
{
    if (*arguments == '+') {
        arguments++;
        unsigned index = (unsigned)number(&arguments, 0);
        board = segment_attach(SEGMENT_BOARD, sizeof *board, 0);
        if (!board)
            return 1;
        uint64_t seed = number(&arguments, 1);
        return worker(index, seed, (unsigned)number(&arguments, 1));
    }
    if (*arguments && (*arguments < '0' || *arguments > '9'))
        return 1; /* a worker's spawn of it */
    uint64_t seed = number(&arguments, 1);
    uint64_t calls = number(&arguments, 10000);
    unsigned workers = (unsigned)number(&arguments, 4);
    if (workers < 1 || workers > WORKERS_MAX) {
        print("fuzz: WORKERS from 1 to %d\n", WORKERS_MAX);
        return 1;
    }
    segment_attach(SEGMENT_FIRST, 1, 0);
    board = segment_attach(SEGMENT_BOARD, sizeof *board, 0);
    if (!board) {
        print("fuzz: no memory\n");
        return 1;
    }
    random_start(seed);
    int64_t before = quantum(0);
    if (debug(DEBUG_QUANTUM, QUANTUM_US) < 0)
        quantum(100);
    while (all_calls() < calls && count.wrong == 0) {
        for (unsigned i = 0; i < workers; i++) {
            if (slots[i].process)
                attend(i);
            else
                start_worker(i, seed * 1000003, workers);
        }
        debug(DEBUG_QUANTUM, QUANTUM_US + random_below(QUANTUM_RANGE));
        sleep(1);
    }
    quantum((uint64_t)before);
    end_all();
    print("fuzz: seed %lu: %lu calls in %u rounds, %u complete; %u workers waited for ever\n", seed, all_calls(),
          count.rounds, count.done, count.killed_stuck);
    print(count.wrong ? "fuzz: a message was missing, doubled or changed\n" : "fuzz: every message as it should be\n");
    return count.wrong != 0;
}
