# Counts for ever.
.code16
.globl _start
_start:
    inc %eax
    jmp _start
.org 510
.word 0xaa55
