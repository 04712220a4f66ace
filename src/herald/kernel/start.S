/* The kernel's first instruction. RDI: physical address of boot_info. The idle process goes on on this stack. */
#include "layout.h"

    .section .text.start, "ax"
    .globl kernel_start
kernel_start:
    movq    %rdi, %rbx
    rdtsc
    shlq    $32, %rdx
    orq     %rdx, %rax
    movq    %rax, BOOT_INFO_STAGE_TIME_OFFSET + 8 * ASM_BOOT_STAGE_KERNEL(%rbx)
    leaq    boot_stack + KERNEL_STACK_SIZE(%rip), %rsp
    xorl    %ebp, %ebp
    call    kernel_main
1:  cli
    hlt
    jmp     1b

    .bss
    .balign 4096
    .globl boot_stack
    .type boot_stack, @object
    .size boot_stack, KERNEL_STACK_SIZE
boot_stack:
    .skip   KERNEL_STACK_SIZE
