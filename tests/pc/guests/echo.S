# Greets on the serial line, then sends there each key that INT 16h gives, until Enter; then switches itself off.
.code16
.globl _start
_start:
    ljmp $0, $1f
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7000, %sp
    sti
    mov $greeting, %si
2:  lodsb
    test %al, %al
    jz 3f
    call send
    jmp 2b
3:  mov $0, %ah
    int $0x16
    call send
    cmp $13, %al
    jne 3b
    mov $10, %al
    call send
    mov $0x604, %dx
    mov $0x2000, %ax
    out %ax, %dx
    hlt
send:
    mov $0x3f8, %dx
    out %al, %dx
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    ret
greeting: .asciz "ready> "
.org 510
.word 0xaa55
