/* Page tables of the workloads that map: the memory of the boot sector's map, and one table of 4 KiB pages at WINDOW. */
#pragma once
#include "workload.h"
#define WINDOW 0x40000000ul
#define PAGE 4096
enum { PRESENT = 1, WRITABLE = 2, USER = 4, LARGE = 128, ALL = PRESENT | WRITABLE | USER };
typedef word Table[PAGE / sizeof(word)] __attribute__((aligned(PAGE)));

#ifdef __x86_64__
typedef struct Space {
  Table top, upper, middle, window;
} Space;
static inline void space_make(Space *space) {
  /* The boot sector's page directory, which maps the first gibibyte to itself, is at 3000h. */
  space->top[0] = (word)space->upper | ALL;
  space->upper[0] = 0x3000 | ALL;
  space->upper[1] = (word)space->middle | ALL;
  space->middle[0] = (word)space->window | ALL;
}
#else
typedef struct Space {
  Table top, window;
} Space;
static inline void space_make(Space *space) {
  for (word i = 0; i < 256; i++) space->top[i] = i << 22 | LARGE | ALL;
  space->top[256] = (word)space->window | ALL;
}
#endif

static inline void space_enter(Space *space) {
  word cr0;
  __asm__ volatile("mov %0, %%cr3" ::"r"(space->top) : "memory");
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  if (!(cr0 >> 31 & 1)) __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 | 1ul << 31) : "memory");
}
