/* What every harness does before its cases run: memory at fixed places, 16-bit segments, cases from standard input. */
#ifndef HARNESS_H
#define HARNESS_H
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Encoding order of the general registers to places in the signal context. */
static const int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

/* Fresh pages at exactly this address. */
static inline void map_at(uintptr_t address, size_t bytes, int protection) {
  void *got = mmap((void *)address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == (void *)address) return;
  perror("harness: mmap");
  exit(2);
}

static inline void make_descriptor(struct user_desc segment) {
  const int newest = 0x11; /* with all fields */
  if (syscall(SYS_modify_ldt, newest, &segment, sizeof segment) == 0) return;
  perror("harness: modify_ldt");
  exit(2);
}

/* A 16-bit segment of 64 KiB. contents: 0 data, 2 code. */
static inline void make_segment(int number, uint32_t base, int contents) {
  make_descriptor((struct user_desc){.entry_number = number, .base_addr = base, .limit = 0xffff, .contents = contents});
}

static inline void read_all(void *to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) == bytes) return;
  fprintf(stderr, "harness: input ends early\n");
  exit(2);
}

#endif
