#include "workload.h"
/* Primes below two million. */
u64 workload(void) {
  u8 *composite = ARENA;
  const u32 limit = 2000000;
  u64 count = 0;
  for (u32 i = 0; i < limit; i++) composite[i] = 0;
  for (u32 i = 2; i * i < limit; i++)
    if (!composite[i])
      for (u32 j = i * i; j < limit; j += i) composite[j] = 1;
  for (u32 i = 2; i < limit; i++) count += !composite[i];
  return count;
}
