/* A program's first instruction: RDI is the address of its arguments. And where callbacks enter. */
#include "layout.h"

    .section .text.start, "ax"
    .globl _start
_start:
    xorl    %ebp, %ebp
    call    main_with_exit
    ud2

/*
 * herald_callback: what the library tells the kernel to enter. RCX, the cookie, points to the two words that
 * subscribe_callback keeps: the C function and its cookie; R9 is what callback_reply() says. RSP is as after a call.
 */
    .text
    .globl herald_callback
herald_callback:
    movq    %r9, herald_callback_reply(%rip)
    subq    $8, %rsp
    movq    (%rcx), %rax
    movq    8(%rcx), %rcx
    call    *%rax
    movl    $ASM_SYS_CALLBACK_RETURN, %eax
    syscall
    ud2
