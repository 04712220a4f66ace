#include "workload.h"
/* Calls and returns: Fibonacci, and Ackermann's function. */
#define CALLED __attribute__((noinline, optimize("no-optimize-sibling-calls")))
CALLED static u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
CALLED static u32 ackermann(u32 m, u32 n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}
u64 workload(void) { return fibonacci(27) * 1000ull + ackermann(2, 300); }
