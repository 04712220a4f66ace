#include "workload.h"
/* An interpreter of a small bytecode that calls one function per instruction through a table. */
typedef struct Machine {
  u32 stack[16];
  u32 top, at, steps;
} Machine;
typedef void Operation(Machine *);
#define OPERATION(name) __attribute__((noinline)) static void name(Machine *m)
OPERATION(push) { m->stack[m->top++ & 15] = m->at * 7 + 1; }
OPERATION(add) {
  m->top--;
  m->stack[(m->top - 1) & 15] += m->stack[m->top & 15];
}
OPERATION(multiply) {
  m->top--;
  m->stack[(m->top - 1) & 15] *= m->stack[m->top & 15] | 1;
}
OPERATION(duplicate) {
  m->stack[m->top & 15] = m->stack[(m->top - 1) & 15];
  m->top++;
}
OPERATION(swap) {
  u32 *a = &m->stack[(m->top - 1) & 15], *b = &m->stack[(m->top - 2) & 15], t = *a;
  *a = *b;
  *b = t;
}
OPERATION(rotate) {
  u32 *a = &m->stack[(m->top - 1) & 15];
  *a = *a << 7 | *a >> 25;
}
OPERATION(mix) { m->stack[(m->top - 1) & 15] ^= m->steps; }
OPERATION(jump) {
  if (m->stack[(m->top - 1) & 15] & 1) m->at = (m->at + 3) & 255;
}
static Operation *const table[8] = {push, add, multiply, duplicate, swap, rotate, mix, jump};
static u8 program[256];
u64 workload(void) {
  Machine m = {.top = 4};
  u64 seed = 99;
  for (int i = 0; i < 256; i++) program[i] = next_random(&seed) >> 30 & 7;
  for (m.steps = 0; m.steps < 1000000; m.steps++) {
    m.at = (m.at + 1) & 255;
    table[program[m.at]](&m);
  }
  return ((u64)m.stack[0] << 32 | m.stack[5]) ^ m.stack[11] ^ m.top;
}
