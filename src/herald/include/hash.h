/* Hashing of 32-bit keys (Knuth's multiplicative hash): the upper bits of the product are the well-mixed ones. */
#ifndef HERALD_HASH_H
#define HERALD_HASH_H

#include <stdint.h>

/* The bucket of `key` in a table of 1 << bits buckets, 1 <= bits <= 31. */
static inline uint32_t hash_bucket(uint32_t key, unsigned bits)
{
    return (key * UINT32_C(2654435761)) >> (32 - bits);
}

#endif
