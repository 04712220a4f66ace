/*
 * Runs short pieces of code on the processor this program runs on, until a breakpoint or an exception, and tells which exception it was
 * and what became of registers, flags and memory. It works as ../harness.c does: in one signal handler. Linux tells the vector, the error
 * code and CR2 in the signal's context. Cases and results are fixed-size records on standard input and output (see native.ts).
 */
#include "../harness.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

enum {
  PAGE = 4096,
  CODE = 0x10000000,
  DATA = 0x20000000,
  CODE_BYTES = 512,
  WINDOW_BYTES = 2 * PAGE,
  FX_BYTES = 512,
  FX_KEPT = 416, /* what follows belongs to the operating system */
  BREAKPOINT = 0xcc,
  FLAGS = 0x40cd5, /* CF PF AF ZF SF DF OF AC */
  LONGEST_SECONDS = 60,
  /* Selectors: Linux's own, and two 16-bit segments of this program, at CODE and DATA. */
  CODE_64 = 0x33,
  CODE_32 = 0x23,
  DATA_32 = 0x2b,
  CODE_16 = 0x07,
  DATA_16 = 0x0f,
};

struct sequence {
  uint64_t registers[16];
  uint32_t flags;
  uint16_t place; /* of the first byte, from CODE */
  uint16_t length;
  uint32_t bits;
  uint32_t unused;
  uint8_t code[CODE_BYTES];
  uint8_t memory[WINDOW_BYTES];
};

struct outcome {
  uint64_t registers[16];
  uint64_t rip;
  uint64_t cr2;
  uint32_t flags;
  uint32_t vector;
  uint32_t error;
  uint32_t unused;
  uint8_t memory[WINDOW_BYTES];
};

/* Encoding order of the general registers to places in the signal context. */
static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct sequence *cases;
static struct outcome *results;
static uint32_t count, current;
static int started;
static uint64_t home_registers[NGREG];

/* This handler was entered with the interrupted code's AC; memcpy may access what is not aligned. */
static void clear_alignment_checks(void) { __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" : : : "memory", "cc"); }

static void save_result(const ucontext_t *context) {
  struct outcome *result = &results[current];
  const greg_t *registers = context->uc_mcontext.gregs;
  for (int n = 0; n < 16; n++) result->registers[n] = registers[places[n]];
  result->vector = registers[REG_TRAPNO];
  result->error = registers[REG_ERR];
  result->cr2 = registers[REG_CR2];
  result->rip = registers[REG_RIP];
  result->flags = registers[REG_EFL];
  memcpy(result->memory, (void *)(uintptr_t)DATA, WINDOW_BYTES);
}

static void start_case(ucontext_t *context) {
  const struct sequence *test = &cases[current];
  greg_t *registers = context->uc_mcontext.gregs;
  memset((void *)(uintptr_t)CODE, BREAKPOINT, PAGE);
  memset((void *)(uintptr_t)(CODE + 3 * PAGE), BREAKPOINT, PAGE);
  /* What does not fit into its page goes on in the next one if that is there. */
  uintptr_t start = CODE + test->place, end = (start | (PAGE - 1)) + 1;
  size_t inside = start + test->length > end ? end - start : test->length;
  memcpy((void *)start, test->code, inside);
  if (end == CODE + PAGE) memcpy((void *)end, test->code + inside, test->length - inside);
  memcpy((void *)(uintptr_t)DATA, test->memory, WINDOW_BYTES);
  /* x87 and SSE as FNINIT and reset leave them; XSTATE_BV behind the image: they are to be loaded, not initialised. */
  struct _libc_fpstate *floats = context->uc_mcontext.fpregs;
  memset(floats, 0, FX_KEPT);
  floats->cwd = 0x37f;
  floats->mxcsr = 0x1f80;
  floats->mxcr_mask = 0xffff;
  *(uint64_t *)((uint8_t *)floats + FX_BYTES) |= 3;
  for (int n = 0; n < 16; n++) registers[places[n]] = test->registers[n];
  registers[REG_RIP] = test->bits == 16 ? test->place : start;
  registers[REG_EFL] = 0x202 | (test->flags & FLAGS);
  uint64_t code = test->bits == 16 ? CODE_16 : test->bits == 32 ? CODE_32 : CODE_64;
  uint64_t data = test->bits == 16 ? DATA_16 : DATA_32;
  /* Low 16 bits CS, top 16 bits SS. */
  uint64_t others = home_registers[REG_CSGSFS] & 0x0000ffffffff0000ull;
  registers[REG_CSGSFS] = others | code | data << 48;
  /* This 64-bit code does not look at DS and ES. */
  __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(data));
}

static void on_signal(int signal, siginfo_t *info, void *argument) {
  (void)signal;
  (void)info;
  clear_alignment_checks();
  ucontext_t *context = argument;
  if (!started) {
    started = 1;
    memcpy(home_registers, context->uc_mcontext.gregs, sizeof home_registers);
  } else {
    save_result(context);
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
  /* Code: a page to execute, one that may not be executed, none, one more to execute, none. */
  map_at(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  map_at(CODE + PAGE, PAGE, PROT_READ | PROT_WRITE);
  map_at(CODE + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  memset((void *)(uintptr_t)(CODE + PAGE), BREAKPOINT, PAGE);
  /* Data: two pages to write, one to read, none. */
  map_at(DATA, 2 * PAGE, PROT_READ | PROT_WRITE);
  map_at(DATA + 2 * PAGE, PAGE, PROT_READ);
  *(volatile uint8_t *)(uintptr_t)(DATA + 2 * PAGE);

  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) sigaction(signals[n], &action, NULL);
  alarm(LONGEST_SECONDS);

  make_segment(CODE_16 >> 3, CODE, 2);
  make_segment(DATA_16 >> 3, DATA, 0);
  __asm__ volatile("int3" : : : "memory");
  fwrite(results, sizeof *results, count, stdout);
  return fflush(stdout) ? 2 : 0;
}
