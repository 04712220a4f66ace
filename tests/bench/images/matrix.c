#include "workload.h"
/* Product of two 256x256 matrices of 32-bit integers, four times. */
enum { N = 256 };
static u32 a[N][N], b[N][N], c[N][N];
u64 workload(void) {
  u64 sum = 0;
  for (u32 i = 0; i < N; i++)
    for (u32 j = 0; j < N; j++) a[i][j] = i * 3 + j, b[i][j] = i ^ j;
  for (u32 round = 0; round < 4; round++) {
    for (u32 i = 0; i < N; i++)
      for (u32 j = 0; j < N; j++) {
        u32 s = 0;
        for (u32 k = 0; k < N; k++) s += a[i][k] * b[k][j];
        c[i][j] = s + round;
      }
    sum = sum * 7 + c[17][42] + c[255][255];
    a[round][round] = (u32)sum;
  }
  return sum;
}
