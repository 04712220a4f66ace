#include "workload.h"
/* Runs the workload `repeat` times between two marks, by which a harness times it, and says what it computed: "<" work ">" and sixteen
   hex digits, or "!" instead of ">" if two rounds differed. If `more` is not 0 that many rounds follow between "[" and "]" (or "!"): by then
   whoever translates has translated. To the debug console (port E9h) and to COM1; then "done", and the machine ends: isa-debug-exit
   (port F4h), ACPI power-off (port 604h), HLT. */
extern u16 repeat, more;
extern u8 bss_start[], bss_end[];

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static u8 in8(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void put_serial(char c) {
  while (!(in8(0x3fd) & 0x20)) continue;
  out8(0x3f8, c);
}
static void put_debug(char c) { out8(0xe9, c); }
static void put(char c) {
  put_debug(c);
  put_serial(c);
}

/* Whether all of them give this value. */
static __attribute__((noinline)) int rounds(u32 count, u64 value) {
  int same = 1;
  for (u32 round = 0; round < count; round++) same &= workload() == value;
  return same;
}

__attribute__((weak)) void prepare(void) {}

__attribute__((section(".text.main"))) void main(void) {
  for (volatile u8 *byte = bss_start; byte < bss_end; byte++) *byte = 0;
  prepare();
  put_serial('<');
  put_debug('<');
  u64 value = workload();
  int same = rounds(repeat - 1, value);
  put(same ? '>' : '!');
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
  if (more) {
    put_serial('[');
    put_debug('[');
    same = rounds(more, value);
    put(same ? ']' : '!');
  }
  for (const char *c = "\r\ndone\r\n"; *c; c++) put(*c);
  while (!(in8(0x3fd) & 0x40)) continue;
  out8(0xf4, 0);
  __asm__ volatile("outw %0, %1" ::"a"((u16)0x2000), "Nd"((u16)0x604));
}
