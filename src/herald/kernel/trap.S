/*
 * Entry and exit of exceptions and interrupts. Each of the 256 gates has an 8-byte-aligned stub that makes the stack
 * look the same: error code (0 where the CPU pushes none), vector, then all registers: struct trap_frame.
 */
#include "callback.h"
#include "gdt.h"
#include "layout.h"

    .text

/* Pushes the registers of struct trap_frame from RAX down to R15. */
.macro push_registers
    pushq   %rax
    pushq   %rcx
    pushq   %rdx
    pushq   %rsi
    pushq   %rdi
    pushq   %r8
    pushq   %r9
    pushq   %r10
    pushq   %r11
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
.endm

.macro pop_registers
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    popq    %r11
    popq    %r10
    popq    %r9
    popq    %r8
    popq    %rdi
    popq    %rsi
    popq    %rdx
    popq    %rcx
    popq    %rax
.endm

    .balign 16
    .globl trap_stubs
trap_stubs:
    .set    vector, 0
    .rept   256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    pushq   $0
    .endif
    pushq   $vector
    jmp     trap_entry
    .set    vector, vector + 1
    .endr

trap_entry:
    push_registers
    cld
    movq    %rsp, %rdi
    call    trap
    testb   $3, TRAP_FRAME_CS_OFFSET(%rsp)
    jz      trap_return
    movq    current(%rip), %rdx
    cmpl    $0, PROCESS_RETURN_WORK_OFFSET(%rdx)
    jne     return_work

/*
 * trap_return: leaves the kernel, or goes back to interrupted kernel code. RSP points to a struct trap_frame;
 * interrupts are off. A process that runs for the first time starts here too.
 */
    .globl trap_return
trap_return:
    pop_registers
    addq    $16, %rsp               /* vector, error code */
    iretq

/*
 * return_work: the process has something to do before it goes back to user mode with the frame at RSP. Interrupts are
 * off. Below the frame is room for a struct callback_frame, which process_return fills when a callback is to be
 * entered: the frame then stays where it is, and the kernel is entered below it until the callback returns.
 */
return_work:
    movq    %rsp, %rdi
    subq    $CALLBACK_FRAME_ROOM, %rsp
    movq    %rsp, %rsi
    call    process_return          /* 1: a callback is to be entered; interrupts are off */
    testl   %eax, %eax
    jz      1f
    popq    %r9
    popq    %r8
    popq    %rcx
    popq    %rdx
    popq    %rsi
    popq    %rdi
    iretq
1:  addq    $CALLBACK_FRAME_ROOM, %rsp
    jmp     trap_return

/*
 * System calls. SYSCALL left the return address in RCX and the flags in R11, and turned interrupts off (IA32_FMASK).
 * RSP is still the user's. There is one CPU, so its scratch word has a fixed address and GS is not needed.
 *
 * Only what the call changes is saved. RBX, RBP and R12 to R15 belong to whoever is called in C, so they come back by
 * themselves. The others that C may change come back as zero, so that nothing of the kernel's is seen.
 */
    .globl syscall_entry
syscall_entry:
    movq    %rsp, user_rsp(%rip)
    movq    tss + TSS_RSP0(%rip), %rsp
    cmpl    $ASM_SYS_CALLBACK_RETURN, %eax
    je      callback_return_entry
syscall_ordinary:
    pushq   $SELECTOR_USER_DATA     /* the upper part of a struct trap_frame, */
    pushq   user_rsp(%rip)
    pushq   %r11
    pushq   $SELECTOR_USER_CODE
    pushq   %rcx
    pushq   %rax                    /* with the call's number in the place of an error code */
    sti
    cmpq    syscall_limit(%rip), %rax
    jae     syscall_not_straight
    movq    current(%rip), %r9
    incq    PROCESS_SYSTEM_CALLS_OFFSET(%r9)
    movq    %r10, %rcx              /* where C has the fourth argument */
    call    *system_calls(, %rax, 8)
syscall_done:
    cli
    movq    current(%rip), %rdx
    cmpl    $0, PROCESS_RETURN_WORK_OFFSET(%rdx)
    jne     syscall_return_work
    xorl    %edi, %edi
    xorl    %esi, %esi
    xorl    %edx, %edx
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    /* SYSRET is safe: RIP came from SYSCALL itself, and the last user page is never mapped, so RCX is canonical. */
    movq    8(%rsp), %rcx           /* RIP */
    movq    24(%rsp), %r11          /* RFLAGS */
    movq    32(%rsp), %rsp
    sysretq

syscall_not_straight:
    pushq   %r8
    pushq   %r8                     /* the five arguments as an array, and RSP a multiple of 16 */
    pushq   %r10
    pushq   %rdx
    pushq   %rsi
    pushq   %rdi
    movq    %rax, %rdi
    movq    %rsp, %rsi
    call    syscall_unusual
    addq    $48, %rsp
    jmp     syscall_done

/* Makes a whole struct trap_frame of what a system call has saved: a callback may change every register. */
syscall_return_work:
    pushq   (%rsp)                  /* vector: the call's number */
    movq    $0, 8(%rsp)             /* error code */
    pushq   %rax
    .rept   8                       /* RCX, RDX, RSI, RDI, R8 to R11 */
    pushq   $0
    .endr
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    jmp     return_work

/*
 * The end of a callback. RSP is process.kernel_entry: where the interrupted frame lies. Nothing of the callback's is
 * kept. When callback_end waits for the next one it leaves the CPU without saving anything: the process goes on right
 * behind the call (scheduler_wait_here), with interrupts off.
 */
callback_return_entry:
    movq    current(%rip), %rax
    cmpl    $1, PROCESS_IN_CALLBACK_OFFSET(%rax)
    jne     1f
    call    callback_end
    jmp     return_work
1:  ja      2f
    movl    $ASM_SYS_CALLBACK_RETURN, %eax
    jmp     syscall_ordinary
2:  call    callback_end_traced
    jmp     return_work

/*
 * A process's first steps: process_begin_user for native ones, process_begin_program for Programs. Interrupts are
 * off.
 */
    .globl process_begin_user
process_begin_user:
    call    scheduler_begin
    cli
    movq    current(%rip), %rdx
    cmpl    $0, PROCESS_RETURN_WORK_OFFSET(%rdx)
    jne     return_work
    jmp     trap_return

    .globl process_begin_program
process_begin_program:
    call    scheduler_begin
    call    program_run             /* does not return */
    ud2

    .bss
    .balign 8
user_rsp:
    .skip   8
