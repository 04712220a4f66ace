#include "workload.h"
/* Sorts a million 32-bit numbers, three times. */
__attribute__((noinline)) static void sort(u32 *a, long low, long high) {
  while (low < high) {
    u32 pivot = a[(low + high) / 2];
    long i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) {
        u32 t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - low < high - i) {
      sort(a, low, j);
      low = i;
    } else {
      sort(a, i, high);
      high = j;
    }
  }
}
u64 workload(void) {
  u32 *a = ARENA;
  u64 seed = 1, sum = 0;
  for (int round = 0; round < 3; round++) {
    for (u32 i = 0; i < 1000000; i++) a[i] = (u32)next_random(&seed) + round + 1;
    seed = 2463534242 + round;
    sort(a, 0, 999999);
    for (u32 i = 0; i < 1000000; i += 1000) sum = sum * 31 + a[i];
  }
  return sum;
}
