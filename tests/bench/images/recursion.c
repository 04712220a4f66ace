#include "workload.h"
/* Calls and returns: Fibonacci, and Ackermann's function. */
__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static u64 fibonacci(u64 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static u64 ackermann(u64 m, u64 n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}
u64 workload(void) { return fibonacci(34) * 1000 + ackermann(2, 1500); }
