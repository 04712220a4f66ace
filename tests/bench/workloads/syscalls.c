#include "paging.h"
/* Two tasks in ring 3, each in its own address space: three quick calls, then one that goes on with the other task. 64-bit tasks call
   with SYSCALL, 32-bit ones with INT 80h. */
typedef struct Task {
  Space space;
  void *frame; /* where its registers are, on its kernel stack */
  word kernel_stack[512];
  word user_stack[256];
  word memory[PAGE / sizeof(word)] __attribute__((aligned(PAGE)));
} Task;
typedef struct Segments {
  u64 descriptor[8];
} Segments;
enum { KERNEL_CODE = 8, KERNEL_DATA = 16, USER_DATA = 32, USER_CODE = 40, TASK_STATE = 48, RING3 = 3, SWITCHES = 8000 };
enum { CALL_ADD, CALL_SWITCH };

static Task tasks[2];
static u32 current, switches;
static u64 total;
static Segments segments;
#ifndef __x86_64__
static u32 task_state[26];
#endif
word kernel_top, user_top, workload_stack;
void system_entry(void);
void task_start(void *frame);
void workload_resume(void);

/* The address WINDOW is in both tasks their own memory. */
static word call(word number, word value) {
#ifdef __x86_64__
  __asm__ volatile("syscall" : "+a"(number), "+D"(value)::"rcx", "r11", "rdx", "rsi", "r8", "r9", "r10", "memory");
#else
  __asm__ volatile("int $0x80" : "+a"(number) : "d"(value) : "memory");
#endif
  return number;
}
static void task_main(void) {
  volatile word *own = (word *)WINDOW;
  for (;;) {
    for (word i = 0; i < 3; i++) own[1] += call(CALL_ADD, own[0]++);
    call(CALL_SWITCH, 0);
  }
}

/* Called by system_entry with the place of the task's registers; says which registers to go on with. */
void *system_call(void *frame, word number, word value) {
  if (number == CALL_ADD) {
    total += value;
    ((word *)frame)[0] = total & 0xffff;
    return frame;
  }
  tasks[current].frame = frame;
  if (++switches == SWITCHES) workload_resume();
  current ^= 1;
  Task *next = &tasks[current];
  kernel_top = (word)(next->kernel_stack + 512);
#ifndef __x86_64__
  task_state[1] = kernel_top;
#endif
  space_enter(&next->space);
  return next->frame;
}

#ifdef __x86_64__
__asm__(".globl system_entry\n"
        "system_entry: movq %rsp, user_top\n movq kernel_top, %rsp\n"
        "pushq user_top\n pushq %r11\n pushq %rcx\n pushq %rbx\n pushq %rbp\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n pushq %rax\n"
        "movq %rdi, %rdx\n movq %rax, %rsi\n movq %rsp, %rdi\n call system_call\n"
        "1: movq %rax, %rsp\n popq %rax\n popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbp\n popq %rbx\n popq %rcx\n popq %r11\n"
        "popq %rsp\n sysretq\n"
        ".globl task_start\n"
        "task_start: pushq %rbx\n pushq %rbp\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n movq %rsp, workload_stack\n"
        "movq %rdi, %rax\n jmp 1b\n"
        ".globl workload_resume\n"
        "workload_resume: movq workload_stack, %rsp\n popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbp\n popq %rbx\n ret\n");
static void write_msr(u32 msr, u64 value) {
  __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}
static void processor_make(void) {
  segments = (Segments){{0, 0xaf9b000000ffff, 0xcf93000000ffff, 0, 0xcff3000000ffff, 0xaffb000000ffff}};
  u32 low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000080));
  write_msr(0xc0000080, low | 1);                                           /* EFER: SCE */
  write_msr(0xc0000081, (u64)(USER_DATA - 8) << 48 | (u64)KERNEL_CODE << 32); /* STAR */
  write_msr(0xc0000082, (word)system_entry);                                /* LSTAR */
  write_msr(0xc0000084, 0x700);                                             /* SFMASK: IF, DF, TF */
}
static void *task_frame(Task *task) {
  word *top = task->kernel_stack + 512;
  top[-1] = (word)(task->user_stack + 255);
  top[-2] = 2;
  top[-3] = (word)task_main;
  return top - 10;
}
#else
__asm__(".globl system_entry\n"
        "system_entry: pushl %ebp\n pushl %edi\n pushl %esi\n pushl %ebx\n pushl %edx\n pushl %ecx\n pushl %eax\n"
        "movl %esp, %ecx\n pushl %edx\n pushl %eax\n pushl %ecx\n call system_call\n"
        "1: movl %eax, %esp\n popl %eax\n popl %ecx\n popl %edx\n popl %ebx\n popl %esi\n popl %edi\n popl %ebp\n iret\n"
        ".globl task_start\n"
        "task_start: movl 4(%esp), %eax\n pushl %ebx\n pushl %ebp\n pushl %esi\n pushl %edi\n movl %esp, workload_stack\n"
        "movl $0x23, %ecx\n movl %ecx, %ds\n movl %ecx, %es\n jmp 1b\n"
        ".globl workload_resume\n"
        "workload_resume: movl workload_stack, %esp\n movl $0x10, %ecx\n movl %ecx, %ds\n movl %ecx, %es\n"
        "popl %edi\n popl %esi\n popl %ebp\n popl %ebx\n ret\n");
static u64 gates[129];
static void processor_make(void) {
  u32 state = (u32)task_state, entry = (u32)system_entry;
  u64 descriptor = (state & 0xffffffull) << 16 | (u64)(state >> 24) << 56 | 0x890000000067;
  segments = (Segments){{0, 0xcf9b000000ffff, 0xcf93000000ffff, 0, 0xcff3000000ffff, 0xcffb000000ffff, descriptor}};
  gates[128] = (u64)(entry >> 16) << 48 | 0xee0000080000 | (entry & 0xffff);
  task_state[2] = KERNEL_DATA;
}
static void *task_frame(Task *task) {
  word *top = task->kernel_stack + 512;
  top[-1] = USER_DATA | RING3;
  top[-2] = (word)(task->user_stack + 255);
  top[-3] = 2;
  top[-4] = USER_CODE | RING3;
  top[-5] = (word)task_main;
  return top - 12;
}
#endif

static void load_tables(void) {
  struct __attribute__((packed)) {
    u16 limit;
    word base;
  } table = {sizeof segments - 1, (word)&segments};
  __asm__ volatile("lgdt %0" ::"m"(table));
#ifndef __x86_64__
  table.limit = sizeof gates - 1;
  table.base = (word)gates;
  __asm__ volatile("lidt %0\n ltr %w1" ::"m"(table), "r"(TASK_STATE));
#endif
}

u64 workload(void) {
  processor_make();
  load_tables();
  for (u32 i = 0; i < 2; i++) {
    space_make(&tasks[i].space);
    tasks[i].space.window[0] = (word)tasks[i].memory | ALL;
    tasks[i].frame = task_frame(&tasks[i]);
    tasks[i].memory[0] = i * 1000;
    tasks[i].memory[1] = 0;
  }
  current = switches = 0;
  total = 0;
  kernel_top = (word)(tasks[0].kernel_stack + 512);
#ifndef __x86_64__
  task_state[1] = kernel_top;
#endif
  space_enter(&tasks[0].space);
  task_start(tasks[0].frame);
  return total << 20 ^ tasks[0].memory[1] ^ tasks[1].memory[1] << 3;
}
