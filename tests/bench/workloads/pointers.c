#include "workload.h"
/* Follows a random cycle through 4 MiB. */
enum { NODES = 1 << 16, STEPS = 1 << 20 };
void prepare(void) {
  u8 *cells = ARENA;
  u32 *order = (u32 *)(cells + NODES * 64);
  u64 seed = 1;
  for (u32 i = 0; i < NODES; i++) order[i] = i;
  for (u32 i = NODES - 1; i > 0; i--) {
    u32 j = (u32)(next_random(&seed) >> 20) % (i + 1), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (u32 i = 0; i < NODES; i++) *(void **)(cells + order[i] * 64) = cells + order[(i + 1) % NODES] * 64;
}
u64 workload(void) {
  void **at = ARENA;
  u64 sum = 0;
  for (u32 i = 0; i < STEPS; i++) {
    at = *at;
    sum = sum * 3 + ((u8 *)at - (u8 *)ARENA);
  }
  return sum;
}
