/* Freestanding helpers of the workloads. Memory from ARENA on is free. */
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef unsigned __int128 u128;
#define ARENA ((void *)0x2000000)
u64 workload(void);
static inline u64 next_random(u64 *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}
