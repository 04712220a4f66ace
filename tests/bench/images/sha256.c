#include "workload.h"
/* SHA-256 of 8 MiB (FIPS 180-4). */
static u32 k[64], h[8];
static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }
static void block(const u8 *p) {
  u32 w[64];
  for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(((const u32 *)p)[i]);
  for (int i = 16; i < 64; i++) {
    u32 a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    u32 b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  u32 s[8];
  for (int i = 0; i < 8; i++) s[i] = h[i];
  for (int i = 0; i < 64; i++) {
    u32 a = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
    u32 t = s[7] + a + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
    u32 b = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
    u32 m = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    for (int j = 7; j > 0; j--) s[j] = s[j - 1];
    s[4] += t;
    s[0] = t + b + m;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}
/* The constants are fractional parts of roots of primes; any will do for a benchmark. */
u64 workload(void) {
  u64 seed = 88172645463325252;
  for (int i = 0; i < 64; i++) k[i] = (u32)next_random(&seed);
  for (int i = 0; i < 8; i++) h[i] = (u32)next_random(&seed);
  u64 *data = ARENA;
  for (u32 i = 0; i < 1 << 17; i++) data[i] = next_random(&seed);
  for (int round = 0; round < 8; round++)
    for (u32 i = 0; i < 1 << 20; i += 64) block((const u8 *)ARENA + i);
  return (u64)h[0] << 32 | h[1];
}
