/*
 * Random and hostile system calls. The master (main.c) keeps a number of workers running; each makes a round of calls
 * (calls.c) and ends, or is ended. Between them the workers publish numbered messages and check what they receive
 * (stream.c).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "herald.h"

#define WORKERS_MAX 8
#define ROUND_CALLS 600
#define ROUND_DONE 42 /* status of a worker that made all its calls */
#define ROUND_WRONG 43 /* of one that found a message missing, doubled or changed */

#define SHARED_TOPICS 8
#define TOPIC_SHARED 9000 /* what happens on these topics nobody checks */
#define SEGMENT_FIRST 9200 /* takes the first place, at 1 << 32, which is one of the hostile addresses */
#define SEGMENT_BOARD 9201
#define TOPIC_STREAM 9100 /* TOPIC_STREAM + n: numbered messages of worker n alone */

/* xorshift64: the same calls from the same seed, as long as nobody interrupts. */
uint64_t random_number(void);
static inline uint64_t random_below(uint64_t limit)
{
    return random_number() % limit;
}

/* One worker. Returns its status. */
int worker(unsigned index, uint64_t seed, unsigned workers);

/* Makes one random call. In a callback it keeps away from what the streams need. */
void random_call(int in_callback);

void calls_start(void);

/* One step of publishing, subscribing to or receiving from the streams. Returns ROUND_WRONG, or 0. */
int stream_step(void);
void stream_start(unsigned index, unsigned workers);

/* Shared with the master, who sees by it that a worker gets on. */
struct board {
    uint64_t calls[WORKERS_MAX]; /* made by worker n, by all processes that were it */
};

extern uint64_t *calls_made; /* of this worker */

/* Here comes a call. One instruction, as callbacks count too. */
static inline void count_call(void)
{
    __asm__ volatile("incq %0" : "+m"(*calls_made));
}

static inline int64_t raw_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    count_call();
    int64_t result = (int64_t)number;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r9", "r11", "memory");
    return result;
}

#endif
