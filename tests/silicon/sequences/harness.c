/*
 * Runs short pieces of code on the processor this program runs on, until a breakpoint or an exception, and tells which exception it was
 * and what became of registers, flags, segments, x87 and vector state, and memory. It works as ../harness.c does: in one signal handler.
 * Linux tells the vector, the error code and CR2 in the signal's context. What runs too long, or calls the operating system, is ended
 * with a vector of our own. What has labels goes on behind an exception (goingOn.ts says how; this is the same). Cases and results are
 * fixed-size records on standard input and output (see native.ts).
 */
#include "../harness.h"
#include <asm/prctl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <ucontext.h>

enum {
  PAGE = 4096,
  CODE = 0x10000000,
  PAIR = CODE + 6 * PAGE,
  DATA = 0x20000000,
  CODE_BYTES = 1024,
  WINDOW_BYTES = 2 * PAGE,
  FX_BYTES = 512,
  FX_KEPT = 416, /* what follows belongs to the operating system */
  BREAKPOINT = 0xcc,
  FLAGS = 0x40cd5, /* CF PF AF ZF SF DF OF AC */
  LONGEST_SECONDS = 60,
  LONGEST_CASE_MICROSECONDS = 20000,
  ENDLESS = 255, /* vectors that no exception has */
  CALLED = 254,
  DEBUG = 1, /* traps: RIP is that of the next instruction */
  BREAK = 3,
  OVERFLOW = 4,
  LEFT_OUT = 0x204100, /* TF; NT and ID, which do not come back from a signal */
  ERRORS = 0x80ff, /* of the x87 status word */
  PENDING = 0x80,
  MOST_LABELS = 96,
  MOST_EVENTS = 24,
  MOST_SEGMENTS = 64,
};

struct segment {
  uint32_t base;
  uint32_t limit;
  uint8_t contents; /* as modify_ldt has them: 0 data, 1 data that grows down, 2 code */
  uint8_t wide;
  uint8_t pages;
  uint8_t restricted;
  uint8_t absent;
  uint8_t unused[3];
};

struct sequence {
  uint64_t registers[16];
  uint64_t rip;
  uint32_t flags;
  uint16_t place; /* of the first byte, from CODE */
  uint16_t length;
  uint16_t segments[6]; /* ES CS SS DS FS GS */
  uint16_t restored; /* registers that are as at the beginning again behind a fault */
  uint16_t label_count;
  uint16_t labels[MOST_LABELS]; /* from the first byte of the code */
  uint8_t code[CODE_BYTES];
  uint8_t memory[WINDOW_BYTES];
};

struct event {
  uint64_t registers[16];
  uint64_t rip;
  uint64_t cr2;
  uint32_t flags;
  uint32_t vector;
  uint32_t error;
  uint16_t segments[6];
  uint8_t fx[FX_KEPT];
};

struct outcome {
  struct event end;
  uint8_t memory[WINDOW_BYTES];
  uint32_t event_count;
  uint32_t sums[MOST_EVENTS]; /* of memory */
  uint32_t unused;
  struct event events[MOST_EVENTS];
};

static struct sequence *cases;
static struct outcome *results;
static uint32_t count, current, seen_running;
static uint32_t bases[MOST_SEGMENTS];
static int32_t last_label;
static int started;
static uint64_t home_registers[NGREG], home_fs;

/* This handler was entered with the interrupted code's AC, NT and ID: the first disturbs memcpy, the others would stay for the next case. */
static void clear_flags(void) { __asm__ volatile("pushfq; andl $~0x244000, (%%rsp); popfq" : : : "memory", "cc"); }

static void save(struct event *event, int signal, const ucontext_t *context) {
  const greg_t *registers = context->uc_mcontext.gregs;
  for (int n = 0; n < 16; n++) event->registers[n] = registers[places[n]];
  event->vector = signal == SIGVTALRM ? ENDLESS : signal == SIGSYS ? CALLED : registers[REG_TRAPNO];
  event->error = registers[REG_ERR];
  event->cr2 = registers[REG_CR2];
  event->rip = registers[REG_RIP];
  event->flags = registers[REG_EFL];
  event->segments[1] = registers[REG_CSGSFS];
  event->segments[2] = (uint64_t)registers[REG_CSGSFS] >> 48;
  /* Linux leaves these to whoever runs. */
  __asm__ volatile("mov %%es, %0; mov %%ds, %1; mov %%fs, %2; mov %%gs, %3"
                   : "=m"(event->segments[0]), "=m"(event->segments[3]), "=m"(event->segments[4]), "=m"(event->segments[5]));
  memcpy(event->fx, context->uc_mcontext.fpregs, FX_KEPT);
}

/* CS in the low 16 bits, SS in the top 16. */
static void set_segments(greg_t *registers, const struct sequence *test) {
  uint64_t others = home_registers[REG_CSGSFS] & 0x0000ffffffff0000ull;
  registers[REG_CSGSFS] = others | test->segments[1] | (uint64_t)test->segments[2] << 48;
  /* This 64-bit code does not look at them; the C library's FS comes back before it is needed. */
  __asm__ volatile("mov %0, %%es; mov %1, %%ds; mov %2, %%fs; mov %3, %%gs"
                   :
                   : "m"(test->segments[0]), "m"(test->segments[3]), "m"(test->segments[4]), "m"(test->segments[5]));
}

static uint32_t sum_of_memory(void) {
  const uint32_t *words = (const uint32_t *)(uintptr_t)DATA;
  uint32_t sum = 0;
  for (int n = 0; n < WINDOW_BYTES / 4; n++) sum = (sum ^ words[n]) * 16777619u;
  return sum;
}

/* Where to go on, from the first byte of the code, or -1: it ends here. */
static int32_t next_label(const struct sequence *test, int64_t at) {
  int32_t from = at >= 0 && at < test->length ? at : last_label;
  for (int n = 0; n < test->label_count; n++)
    if (test->labels[n] > from) return last_label = test->labels[n];
  return -1;
}

/* Behind an exception: a trap to the next instruction, a fault to the next label, as if a handler returned there. */
static int goes_on(ucontext_t *context) {
  const struct sequence *test = &cases[current];
  struct outcome *result = &results[current];
  greg_t *registers = context->uc_mcontext.gregs;
  const struct event *event = &result->end;
  uint16_t cs = event->segments[1];
  uint64_t base = cs & 4 ? bases[cs >> 3] : 0;
  int64_t at = event->rip + base - (CODE + test->place);
  if (test->label_count == 0 || result->event_count == MOST_EVENTS || event->vector >= CALLED) return 0;
  if (event->vector == BREAK && at == test->length + 1) return 0;
  int trap = event->vector == DEBUG || event->vector == BREAK || event->vector == OVERFLOW;
  int inside = trap && at > 0 && at <= test->length;
  int32_t label = inside ? 0 : next_label(test, at);
  if (label < 0) return 0;
  result->sums[result->event_count] = sum_of_memory();
  result->events[result->event_count++] = *event;
  struct _libc_fpstate *floats = context->uc_mcontext.fpregs;
  *(uint64_t *)((uint8_t *)floats + FX_BYTES) |= 3;
  if (inside) registers[REG_EFL] &= ~LEFT_OUT;
  else {
    for (int n = 0; n < 16; n++)
      if (test->restored >> n & 1) registers[places[n]] = test->registers[n];
    registers[REG_RIP] = test->rip + label;
    registers[REG_EFL] = 0x202 | (test->flags & FLAGS);
    floats->swd &= ~ERRORS;
    set_segments(registers, test);
  }
  if (floats->swd & PENDING) return 1;
  /* The unit's pointers come back in their own way, or not at all. */
  memset((uint8_t *)floats + 6, 0, 18);
  __asm__ volatile("fninit");
  return 1;
}

static void start_case(ucontext_t *context) {
  const struct sequence *test = &cases[current];
  greg_t *registers = context->uc_mcontext.gregs;
  memset((void *)(uintptr_t)CODE, BREAKPOINT, PAGE);
  memset((void *)(uintptr_t)(CODE + 3 * PAGE), BREAKPOINT, PAGE);
  memset((void *)(uintptr_t)(CODE + PAGE), BREAKPOINT, PAGE);
  memset((void *)(uintptr_t)PAIR, BREAKPOINT, 2 * PAGE);
  /* What does not fit into its page goes on in the next one if that is there. */
  uintptr_t start = CODE + test->place, end = (start | (PAGE - 1)) + 1;
  size_t inside = start + test->length > end ? end - start : test->length;
  memcpy((void *)start, test->code, inside);
  if (end == CODE + PAGE || end == PAIR + PAGE) memcpy((void *)end, test->code + inside, test->length - inside);
  memcpy((void *)(uintptr_t)DATA, test->memory, WINDOW_BYTES);
  /* x87 and SSE as FNINIT and reset leave them; XSTATE_BV behind the image: they are to be loaded, not initialised. */
  struct _libc_fpstate *floats = context->uc_mcontext.fpregs;
  memset(floats, 0, FX_KEPT);
  floats->cwd = 0x37f;
  floats->mxcsr = 0x1f80;
  floats->mxcr_mask = 0xffff;
  *(uint64_t *)((uint8_t *)floats + FX_BYTES) |= 3;
  for (int n = 0; n < 16; n++) registers[places[n]] = test->registers[n];
  registers[REG_RIP] = test->rip;
  registers[REG_EFL] = 0x202 | (test->flags & FLAGS);
  set_segments(registers, test);
  last_label = -1;
}

static void on_signal(int signal, siginfo_t *info, void *argument) {
  (void)info;
  clear_flags();
  ucontext_t *context = argument;
  if (signal == SIGVTALRM && (current >= count || !started || seen_running != current)) {
    seen_running = current;
    return;
  }
  if (!started) {
    started = 1;
    memcpy(home_registers, context->uc_mcontext.gregs, sizeof home_registers);
  } else {
    struct outcome *result = &results[current];
    save(&result->end, signal, context);
    if (goes_on(context)) return;
    memcpy(result->memory, (void *)(uintptr_t)DATA, WINDOW_BYTES);
    current++;
  }
  if (current < count) return start_case(context);
  memcpy(context->uc_mcontext.gregs, home_registers, sizeof home_registers);
  __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" : : "r"(0));
  syscall(SYS_arch_prctl, ARCH_SET_FS, home_fs);
}

/* Code may run into bytes that call the operating system: those calls are signals, but for what this program itself needs. */
static void forbid_system_calls(void) {
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(SYS_rt_sigreturn),
      ALLOW(SYS_write),
      ALLOW(SYS_exit_group),
      ALLOW(SYS_arch_prctl),
      ALLOW(SYS_newfstatat),
      ALLOW(SYS_fstat),
      ALLOW(SYS_mmap),
      ALLOW(SYS_brk),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return;
  perror("harness: seccomp");
  exit(2);
}

static void make_segments(void) {
  uint32_t segments;
  read_all(&segments, sizeof segments);
  for (uint32_t n = 0; n < segments; n++) {
    struct segment one;
    read_all(&one, sizeof one);
    bases[n % MOST_SEGMENTS] = one.base;
    make_descriptor((struct user_desc){
        .entry_number = n,
        .base_addr = one.base,
        .limit = one.limit,
        .seg_32bit = one.wide,
        .contents = one.contents,
        .read_exec_only = one.restricted,
        .limit_in_pages = one.pages,
        .seg_not_present = one.absent,
    });
  }
}

int main(void) {
  make_segments();
  read_all(&count, sizeof count);
  cases = calloc(count + 1, sizeof *cases);
  results = calloc(count + 1, sizeof *results);
  if (!cases || !results) {
    fprintf(stderr, "harness: no memory for %u cases\n", count);
    return 2;
  }
  read_all(cases, count * sizeof *cases);
  /* Code: a page to execute, one that may not be executed, none, one more to execute, twice none, two to execute. */
  map_at(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  map_at(CODE + PAGE, PAGE, PROT_READ | PROT_WRITE);
  map_at(CODE + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  map_at(PAIR, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  /* Data: two pages to write, one to read, none. */
  map_at(DATA, 2 * PAGE, PROT_READ | PROT_WRITE);
  map_at(DATA + 2 * PAGE, PAGE, PROT_READ);
  *(volatile uint8_t *)(uintptr_t)(DATA + 2 * PAGE);

  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigaddset(&action.sa_mask, SIGVTALRM);
  const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGSYS, SIGVTALRM};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) sigaction(signals[n], &action, NULL);
  const struct timeval longest = {.tv_usec = LONGEST_CASE_MICROSECONDS};
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_interval = longest, .it_value = longest}, NULL);
  alarm(LONGEST_SECONDS);

  syscall(SYS_arch_prctl, ARCH_GET_FS, &home_fs);
  forbid_system_calls();
  __asm__ volatile("int3" : : : "memory");
  fwrite(results, sizeof *results, count, stdout);
  return fflush(stdout) ? 2 : 0;
}
