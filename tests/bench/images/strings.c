#include "workload.h"
/* REP MOVS, REP STOS, REPNE SCAS and REPE CMPS, short and long. */
static inline void copy(void *to, const void *from, u64 n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}
static inline void copy8(void *to, const void *from, u64 n) {
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}
static inline void fill(void *to, u64 value, u64 n) {
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}
static inline u64 length(const u8 *s) {
  u64 n = ~0ul;
  __asm__ volatile("repne scasb" : "+D"(s), "+c"(n) : "a"(0) : "memory", "cc");
  return ~n - 1;
}
u64 workload(void) {
  u8 *a = ARENA, *b = a + (1 << 20);
  u64 sum = 0;
  for (u32 round = 0; round < 60; round++) {
    fill(a, 0x0101010101010101 * (round + 1), 1 << 15);
    copy8(b + 8, a, 1 << 15);
    for (u32 i = 0; i < 4000; i++) {
      copy(b + i * 40, a + i, 25);
      b[i * 40 + 25] = 0;
      sum += length(b + i * 40) + b[i * 40 + 3];
    }
    copy(a + 3, b, 200000);
    sum += a[1000] + a[131072];
  }
  return sum;
}
