#include "workload.h"
/* Products twice as wide as a register, and their division by one register. */
#ifdef __x86_64__
typedef unsigned __int128 wide;
#else
typedef u64 wide;
#endif
enum { BITS = sizeof(word) * 8 };
__attribute__((noinline)) static word divide(wide value, word by, word *rest) {
  word quotient;
  __asm__("div %4" : "=a"(quotient), "=d"(*rest) : "0"((word)value), "1"((word)(value >> BITS)), "r"(by) : "cc");
  return quotient;
}
u64 workload(void) {
  u64 seed = 12345, sum = 0;
  for (u32 i = 0; i < 200000; i++) {
    word a = next_random(&seed), b = next_random(&seed), rest;
    wide product = (wide)a * b;
    word high = product >> BITS, by = b | 1;
    sum += high ^ (word)product;
    sum += divide((wide)(high % by) << BITS | (word)product, by, &rest);
    sum ^= rest;
    sum += a / (b >> (BITS / 2) | 1);
  }
  return sum;
}
