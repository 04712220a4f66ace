#include "workload.h"
/* Sorts 100 000 32-bit numbers. */
enum { COUNT = 100000 };
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
  for (u32 i = 0; i < COUNT; i++) a[i] = next_random(&seed);
  sort(a, 0, COUNT - 1);
  for (u32 i = 1; i < COUNT; i++) sum = sum * 31 + a[i] + (a[i - 1] > a[i]);
  return sum;
}
