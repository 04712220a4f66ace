#include "workload.h"
/* 64x64 to 128-bit products, and 128/64-bit division. */
__attribute__((noinline)) static u64 divide(u64 high, u64 low, u64 by, u64 *rest) {
  u64 quotient;
  __asm__("divq %4" : "=a"(quotient), "=d"(*rest) : "0"(low), "1"(high), "r"(by) : "cc");
  return quotient;
}
u64 workload(void) {
  u64 seed = 12345, sum = 0;
  for (u32 i = 0; i < 3000000; i++) {
    u64 a = next_random(&seed), b = next_random(&seed), rest;
    u128 product = (u128)a * b;
    sum += (u64)(product >> 64) ^ (u64)product;
    u64 by = b | 1;
    sum += divide((u64)(product >> 64) % by, (u64)product, by, &rest);
    sum ^= rest;
    sum += a / (b >> 40 | 1);
  }
  return sum;
}
