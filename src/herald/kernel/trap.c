#include "trap.h"

#include "console.h"
#include "idt.h"
#include "keyboard.h"
#include "mutex.h"
#include "pic.h"
#include "pit.h"
#include "process.h"
#include "scheduler.h"
#include "serial.h"
#include "trace.h"
#include "user.h"

static const char *const exception_names[32] = {
    "divide error",
    "debug exception",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "reserved exception",
    "floating-point error",
    "alignment check",
    "machine check",
    "SIMD exception",
    "virtualization exception",
    "control protection",
};

/* Page-fault error code bits. */
#define FAULT_PRESENT 1
#define FAULT_WRITE 2
#define FAULT_FETCH 16

/* Where the kernel copies from or to user memory (user_copy), from the linker. */
extern const struct user_copy {
    uint64_t begin, end;
} user_copies[], user_copies_end[];

static const char *exception_name(uint64_t vector)
{
    const char *name = vector < 32 ? exception_names[vector] : 0;
    return name ? name : "unexpected interrupt";
}

static uint64_t fault_address(void)
{
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    return address;
}

static _Noreturn void kernel_exception(const struct trap_frame *f)
{
    panic("%s in the kernel, process %u\n"
          "  rip %016lx  error %lx  cr2 %016lx  rflags %lx\n"
          "  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n"
          "  rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx\n"
          "  r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx\n"
          "  r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx",
          exception_name(f->vector), current_pid, f->rip, f->error_code, fault_address(), f->rflags, f->rax, f->rbx,
          f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->rsp, f->r8, f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15);
}

static const char *access_of(uint64_t error_code)
{
    return error_code & FAULT_FETCH ? "execute" : error_code & FAULT_WRITE ? "write" : "read";
}

static const char *reason_of(uint64_t error_code, uint64_t address)
{
    if (error_code & FAULT_PRESENT)
        return "not allowed";
    return user_in_guard(address) ? "the stack is full" : "nothing is there";
}

/* Ends the process that made a mistake in ring 3, and says so. */
static _Noreturn void user_exception(const struct trap_frame *frame, uint64_t address)
{
    if (frame->vector == VECTOR_PAGE_FAULT)
        console_print("process %u (%s) ended: page fault at rip %lx: %s %lx: %s\n", current->pid, current->name,
                      frame->rip, access_of(frame->error_code), address, reason_of(frame->error_code, address));
    else
        console_print("process %u (%s) ended: %s at rip %lx, error code %lx\n", current->pid, current->name,
                      exception_name(frame->vector), frame->rip, frame->error_code);
    process_exit((int)frame->vector, EXIT_FAULT);
}

/* The copy that is going on, or 0. */
static const struct user_copy *find_copy(uint64_t rip)
{
    for (const struct user_copy *copy = user_copies; copy < user_copies_end; copy++)
        if (rip >= copy->begin && rip < copy->end)
            return copy;
    return 0;
}

static void exception(struct trap_frame *frame)
{
    uint64_t address = frame->vector == VECTOR_PAGE_FAULT ? fault_address() : 0;
    if (frame->rflags & RFLAGS_IF)
        interrupts_on();
    if (frame->vector == VECTOR_PAGE_FAULT && !(frame->error_code & FAULT_PRESENT) && user_grow_stack(address)) {
        interrupts_off();
        return;
    }
    trace(TRACE_FAULT, frame->vector, frame->rip, address ? address : frame->error_code);
    if (frame_is_user(frame))
        user_exception(frame, address);
    const struct user_copy *copy = frame->vector == VECTOR_PAGE_FAULT ? find_copy(frame->rip) : 0;
    if (copy) {
        frame->rip = copy->end;
        frame->rax = (uint64_t)-EFAULT;
        interrupts_off();
        return;
    }
    kernel_exception(frame);
}

static void interrupt(struct trap_frame *frame)
{
    unsigned line = (unsigned)frame->vector - VECTOR_IRQ;
    if (pic_is_spurious(line))
        return;
    trace(TRACE_IRQ, line, frame->rip, frame->cs);
    switch (line) {
    case IRQ_TIMER:
        scheduler_tick();
        trace_tick();
        break;
    case IRQ_KEYBOARD:
        keyboard_interrupt();
        break;
    case IRQ_SERIAL:
        serial_interrupt();
        break;
    }
    pic_acknowledge(line);
    if (preempt_depth == 0 && kernel_work)
        scheduler_point();
}

void trap(struct trap_frame *frame)
{
    if (frame->vector >= VECTOR_IRQ && frame->vector < VECTOR_IRQ + 16)
        interrupt(frame);
    else
        exception(frame);
}
