#include "workload.h"
/* REP MOVS, STOS, SCAS and CMPS, short and long, and loops over bytes. */
static inline void copy(void *to, const void *from, word n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}
static inline void copy4(void *to, const void *from, word n) {
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}
static inline void fill4(void *to, u32 value, word n) {
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(value) : "memory");
}
static inline word length(const u8 *s) {
  word n = ~0ul;
  __asm__ volatile("repne scasb" : "+D"(s), "+c"(n) : "a"(0) : "memory", "cc");
  return ~n - 1;
}
static inline word rest_after_equal(const void *a, const void *b, word n) {
  __asm__ volatile("repe cmpsb" : "+D"(a), "+S"(b), "+c"(n)::"memory", "cc");
  return n;
}
static u32 words(const u8 *s, u32 n) {
  u32 count = 0;
  for (u32 i = 1; i < n; i++) count += s[i] > 'm' && s[i - 1] <= 'm';
  return count;
}
u64 workload(void) {
  u8 *a = ARENA, *b = a + (1 << 20);
  u64 sum = 0;
  fill4(a, 0x6d6c6e6b, 1 << 16);
  copy4(b + 8, a, 1 << 16);
  for (u32 i = 0; i < 4000; i++) {
    copy(b + i * 40, a + i, 25);
    b[i * 40 + 25] = 0;
    sum += length(b + i * 40) * b[i * 40 + 3];
    sum += rest_after_equal(a + 2, b + i * 40, 24);
  }
  copy(a + 3, b, 200000);
  return sum * 1000003 + a[1000] + a[131072] + words(b, 100000);
}
