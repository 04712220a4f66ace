/* Sets of processes: a bit for each PID. */
#ifndef HERALD_USERS_H
#define HERALD_USERS_H

#include "kernel.h"

#define USERS_WORDS 2
_Static_assert(MAX_PROCESSES <= 64 * USERS_WORDS, "a bit for each PID");

static inline int users_has(const uint64_t users[USERS_WORDS], uint32_t pid)
{
    return users[pid / 64] >> (pid % 64) & 1;
}

static inline void users_add(uint64_t users[USERS_WORDS], uint32_t pid)
{
    users[pid / 64] |= UINT64_C(1) << (pid % 64);
}

static inline void users_remove(uint64_t users[USERS_WORDS], uint32_t pid)
{
    users[pid / 64] &= ~(UINT64_C(1) << (pid % 64));
}

static inline int users_empty(const uint64_t users[USERS_WORDS])
{
    return (users[0] | users[1]) == 0;
}

#endif
