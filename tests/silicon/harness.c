/*
 * Runs single instructions on the processor this program runs on and tells what became of registers, flags and memory.
 *
 * Everything happens inside one signal handler: it is entered by the breakpoint (or fault) that ends a case, saves the
 * registers of the interrupted context as that case's result, puts the next case's registers into the context and returns
 * into its instruction. Cases and results are fixed-size records on standard input and output (see native.ts).
 */
#include "harness.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum {
  CODE = 0x10000000,
  CODE_BYTES = 4096,
  START = CODE + 0x800,
  DATA = 0x20000000,
  DATA_BYTES = 4096,
  WINDOW_BYTES = 128,
  WINDOW = DATA + DATA_BYTES - WINDOW_BYTES, /* the page after it is not mapped */
  BREAKPOINT = 0xcc,
  STATUS_FLAGS = 0xcd5, /* CF PF AF ZF SF DF OF */
  /* Selectors: Linux's own, and two 16-bit segments of this program, at CODE and DATA. */
  CODE_64 = 0x33,
  CODE_32 = 0x23,
  DATA_32 = 0x2b,
  CODE_16 = 0x07,
  DATA_16 = 0x0f,
};

struct test_case {
  uint64_t registers[16];
  uint32_t flags;
  uint8_t bits; /* 64, 32 or 16: the code it is run as */
  uint8_t length;
  uint8_t code[16];
  uint16_t shift; /* how far the window lies from WINDOW */
  uint8_t memory[WINDOW_BYTES];
};

struct test_result {
  uint64_t registers[16];
  uint64_t rip;
  uint32_t flags;
  uint32_t signal; /* 0: the instruction retired and ran into a breakpoint */
  uint8_t memory[WINDOW_BYTES];
};

static struct test_case *cases;
static struct test_result *results;
static uint32_t count, current;
static int started;
static uint64_t home_registers[NGREG];

static void *window_of(const struct test_case *test) { return (void *)(uintptr_t)(WINDOW + test->shift); }

static void save_result(int signal, const ucontext_t *context) {
  struct test_result *result = &results[current];
  for (int n = 0; n < 16; n++) result->registers[n] = context->uc_mcontext.gregs[places[n]];
  result->rip = context->uc_mcontext.gregs[REG_RIP];
  result->flags = context->uc_mcontext.gregs[REG_EFL];
  result->signal = signal;
  if (signal == SIGTRAP) {
    result->rip -= 1;
    result->signal = 0;
  }
  memcpy(result->memory, window_of(&cases[current]), WINDOW_BYTES);
}

static void start_case(ucontext_t *context) {
  const struct test_case *test = &cases[current];
  memset((void *)(uintptr_t)CODE, BREAKPOINT, CODE_BYTES);
  memcpy((void *)(uintptr_t)START, test->code, test->length);
  memcpy(window_of(test), test->memory, WINDOW_BYTES);
  for (int n = 0; n < 16; n++) context->uc_mcontext.gregs[places[n]] = test->registers[n];
  context->uc_mcontext.gregs[REG_RIP] = test->bits == 16 ? START - CODE : START;
  context->uc_mcontext.gregs[REG_EFL] = 0x202 | (test->flags & STATUS_FLAGS);
  uint64_t code = test->bits == 16 ? CODE_16 : test->bits == 32 ? CODE_32 : CODE_64;
  uint64_t data = test->bits == 16 ? DATA_16 : DATA_32;
  /* Low 16 bits CS, top 16 bits SS. */
  uint64_t others = home_registers[REG_CSGSFS] & 0x0000ffffffff0000ull;
  context->uc_mcontext.gregs[REG_CSGSFS] = others | code | data << 48;
  /* This 64-bit code does not look at DS and ES. */
  __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(data));
}

static void on_signal(int signal, siginfo_t *info, void *argument) {
  (void)info;
  ucontext_t *context = argument;
  if (!started) {
    started = 1;
    memcpy(home_registers, context->uc_mcontext.gregs, sizeof home_registers);
  } else {
    save_result(signal, context);
    current++;
  }
  if (current < count) start_case(context);
  else memcpy(context->uc_mcontext.gregs, home_registers, sizeof home_registers);
}

int main(void) {
  read_all(&count, sizeof count);
  cases = calloc(count + 1, sizeof *cases);
  results = calloc(count + 1, sizeof *results);
  if (!cases || !results) {
    fprintf(stderr, "harness: no memory for %u cases\n", count);
    return 2;
  }
  read_all(cases, count * sizeof *cases);
  map_at(CODE, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
  map_at(DATA, DATA_BYTES, PROT_READ | PROT_WRITE);
  /* The page after it stays unmapped; windows across two pages lie in the two after that. */
  map_at(DATA + 2 * DATA_BYTES, 2 * DATA_BYTES, PROT_READ | PROT_WRITE);

  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) sigaction(signals[n], &action, NULL);

  make_segment(CODE_16 >> 3, CODE, 2);
  make_segment(DATA_16 >> 3, DATA, 0);
  __asm__ volatile("int3" : : : "memory");
  fwrite(results, sizeof *results, count, stdout);
  return fflush(stdout) ? 2 : 0;
}
