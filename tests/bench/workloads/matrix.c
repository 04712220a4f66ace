#include "workload.h"
/* Product of two 160x160 matrices of 32-bit integers. */
enum { N = 160 };
static u32 a[N][N], b[N][N], c[N][N];
u64 workload(void) {
  u64 sum = 0;
  for (u32 i = 0; i < N; i++)
    for (u32 j = 0; j < N; j++) a[i][j] = i * 3 + j, b[i][j] = i ^ j;
  for (u32 i = 0; i < N; i++)
    for (u32 j = 0; j < N; j++) {
      u32 s = 0;
      for (u32 k = 0; k < N; k++) s += a[i][k] * b[k][j];
      c[i][j] = s;
    }
  for (u32 i = 0; i < N; i++) sum = sum * 7 + c[i][N - 1 - i];
  return sum;
}
