#include "workload.h"
/* Follows a random cycle through 16 MiB. */
u64 workload(void) {
  const u32 nodes = 1 << 18;
  u64 **cell = ARENA;
  u32 *order = (u32 *)((u8 *)ARENA + nodes * 64);
  u64 seed = 1;
  for (u32 i = 0; i < nodes; i++) order[i] = i;
  for (u32 i = nodes - 1; i > 0; i--) {
    u32 j = (next_random(&seed) >> 20) % (i + 1), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (u32 i = 0; i < nodes; i++) cell[order[i] * 8l] = (u64 *)&cell[order[(i + 1) % nodes] * 8l];
  u64 *at = (u64 *)cell;
  for (u32 i = 0; i < 12000000; i++) at = *(u64 **)at;
  return (u64)at;
}
