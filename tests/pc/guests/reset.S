# Resets itself in five ways, counting in memory, which survives (by two where it is resumed); then ends with the count.
.code16
.globl _start
_start:
    ljmp $0, $1f
1:  cli
    xor %ax, %ax
    mov %ax, %ds
    incw 0x600
    cmpw $1, 0x600
    je keyboard
    cmpw $2, 0x600
    je control
    cmpw $3, 0x600
    je port92
    cmpw $4, 0x600
    je resume
    mov 0x600, %al
    out %al, $0xf4
    hlt
keyboard:
    mov $0xfe, %al
    out %al, $0x64
    hlt
control:
    mov $0xcf9, %dx
    mov $0x06, %al
    out %al, %dx
    hlt
port92:
    mov $0x01, %al
    out %al, $0x92
    hlt
# CMOS shutdown codes Ah and 5: the firmware goes on at the far address in 40:67, as 80286 programs left protected mode, and forgets the code.
resume:
    mov $0x0a, %ah
4:  movw $2f, 0x467
    movw $0, 0x469
    mov $0x0f, %al
    out %al, $0x70
    mov %ah, %al
    out %al, $0x71
    mov $0xfe, %al
    out %al, $0x64
    hlt
2:  xor %ax, %ax
    mov %ax, %ds
    mov $0x0f, %al
    out %al, $0x70
    in $0x71, %al
    test %al, %al
    jnz 5f
    addw $2, 0x600
    mov $0x05, %ah
    cmpw $6, 0x600
    je 4b
5:  mov 0x600, %al
    out %al, $0xf4
    hlt
.org 510
.word 0xaa55
