/* What the workloads share. Memory from ARENA on, 24 MiB of it, is free. */
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
/* As wide as a pointer. */
typedef unsigned long word;

#ifdef NATIVE
extern u8 arena[24 << 20];
#define ARENA ((void *)arena)
#else
#define ARENA ((void *)0x2000000)
#endif

/* What is not measured, if there is such a thing. */
void prepare(void);
/* One round: the same value every time. */
u64 workload(void);

static inline u64 next_random(u64 *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}
