# INT 11h, 12h, 15h, 16h and 1Ah.
.include "common.S"
main:
    int $0x12
    show "base memory"
    mov 0x40e, %ax
    show "extended data area"
    regs 0x2403
    int $0x15
    show "A20 support"
    regs 0x2402
    int $0x15
    show "A20 status"
    regs 0x2400
    int $0x15
    show "A20 off"
    regs 0x2402
    int $0x15
    show "A20 status"
    call wrap
    show "wraps"
    regs 0x2401
    int $0x15
    show "A20 on"
    call wrap
    show "does not wrap"
    regs 0xe801
    int $0x15
    mov $0, %bx
    mov $0, %dx
    show "E801 below 16 MiB"
    mov $0x534d4150, %edx
    xor %ebx, %ebx
    mov $0xe820, %eax
    mov $24, %ecx
    mov $0x9000, %di
    int $0x15
    show "E820"
    mov 0x9000, %ax
    mov 0x9008, %bx
    mov 0x900a, %cx
    mov 0x9010, %dx
    show "first range"
    mov $1, %ebx
    mov $0xe820, %eax
    mov $20, %ecx
    mov $0x534d4150, %edx
    int $0x15
    mov 0x9000, %ax
    mov 0x9002, %bx
    mov 0x9008, %cx
    mov 0x9010, %dx
    show "second range"
    mov $0x12345678, %edx
    xor %ebx, %ebx
    mov $0xe820, %eax
    mov $20, %ecx
    int $0x15
    mov $0, %cx
    mov $0, %dx
    mov $0, %ax
    show "E820 without SMAP"
    movl $0xfeedbeef, 0x9100
    movw $table, %si
    regs 0x8700 0 2
    int $0x15
    show "move block"
    mov 0x9180, %ax
    mov 0x9182, %bx
    show "moved"
    regs 0x4f1e
    stc
    int $0x15
    show "keyboard intercept"
    regs 0x9000
    clc
    int $0x15
    show "device busy"
    regs 0xc100
    int $0x15
    mov %es, %bx
    show "extended data area"
    xor %ax, %ax
    mov %ax, %es
    regs 0x0b00
    int $0x15
    show "no such call"
    regs 0xc000
    int $0x15
    movb %es:2(%bx), %al
    showal "model"
    xor %ax, %ax
    mov %ax, %es

    regs 0x0200
    int $0x16
    showal "shift state"
    regs 0x0100
    int $0x16
    mov $0, %ax
    show "no key"
    regs 0x0500 0 0x1e61
    int $0x16
    showal "stored"
    regs 0x0500 0 0x48e0
    int $0x16
    regs 0x0100
    int $0x16
    show "key waits"
    regs 0x0000
    int $0x16
    show "key"
    regs 0x1100
    int $0x16
    show "enhanced key waits"
    regs 0x0000
    int $0x16
    show "plain form"
    regs 0x0100
    int $0x16
    mov $0, %ax
    show "no key"
    mov $16, %cx
1:  push %cx
    regs 0x0500 0 0x1e61
    int $0x16
    pop %cx
    loop 1b
    showal "buffer full"

    mov 0x46c, %ax
2:  cmp %ax, 0x46c
    je 2b
    mov 0x46c, %bx
    sub %ax, %bx
    mov $0, %ax
    show "tick"
    regs 0x0100 0 0x0018 0x00ae
    int $0x1a
    show "set ticks"
    mov 0x46c, %ax
3:  cmp %ax, 0x46c
    je 3b
    mov 0x46c, %ax
4:  cmp %ax, 0x46c
    je 4b
    regs 0x0000
    int $0x1a
    show "midnight passed"
    regs 0x0000
    int $0x1a
    mov $0, %dx
    show "told once"
    regs 0x0200
    int $0x1a
    mov $0, %cx
    mov $0, %ax
    mov $0, %dx
    show "time"
    regs 0x0400
    int $0x1a
    and $0xff00, %cx
    mov $0, %ax
    mov $0, %dx
    show "date"
    regs 0x8600 0 0 0x4000
    int $0x15
    show "waited"
    ret

# AX 1 when 10_0500 and 0_0500 are the same byte.
wrap:
    push %ds
    mov $0xffff, %ax
    mov %ax, %ds
    movb $0x55, %es:0x500
    movb $0xaa, 0x510
    pop %ds
    cmpb $0xaa, 0x500
    mov $0, %ax
    mov $0, %bx
    jne 1f
    inc %ax
1:  mov $0, %cx
    mov $0, %dx
    cmp %ax, %ax
    ret
.balign 8
table:
    .fill 16, 1, 0
    .word 0xffff, 0x9100
    .byte 0, 0x93, 0, 0
    .word 0xffff, 0x9180
    .byte 0, 0x93, 0, 0
    .fill 16, 1, 0
.org 4096
