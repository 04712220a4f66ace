#include "paging.h"
/* Points a page at another frame, INVLPG, and looks through it. */
static Space space;
u64 workload(void) {
  u8 *frames = ARENA;
  u64 sum = 0;
  space_make(&space);
  for (u32 i = 0; i < 64; i++) *(u32 *)(frames + i * PAGE) = i * 0x01010101;
  space_enter(&space);
  for (u32 i = 0; i < 60000; i++) {
    u32 page = i & 15;
    volatile u32 *at = (u32 *)(WINDOW + page * PAGE);
    space.window[page] = ((word)frames + (i * 7 & 63) * PAGE) | ALL;
    __asm__ volatile("invlpg (%0)" ::"r"(at) : "memory");
    sum = sum * 5 + *at;
    *at += 3;
  }
  return sum;
}
