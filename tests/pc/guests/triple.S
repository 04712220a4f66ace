# A fault with nothing to handle it: three in a row.
.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lidt 1f
    int $3
1:  .word 0
    .long 0
.org 510
.word 0xaa55
