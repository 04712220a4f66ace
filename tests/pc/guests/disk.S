# INT 13h on the boot disk: CHS calls, LBA extensions, errors. The disk has 64 sectors.
.include "common.S"
main:
    regs 0x0800 0 0 0x0080
    int $0x13
    show "parameters"
    regs 0x1500 0 0 0x0080
    int $0x13
    show "type"
    regs 0x1500 0 0 0x0081
    int $0x13
    show "type of none"
    regs 0x0000 0 0 0x0080
    int $0x13
    show "reset"
    regs 0x0800 0 0 0x0081
    int $0x13
    show "parameters of none"
    regs 0x4100 0x55aa 0 0x0080
    int $0x13
    show "extensions"
    regs 0x4100 0x55aa 0 0x0081
    int $0x13
    show "extensions of none"
    regs 0x0201 0xb000 0x0011 0x0080
    movw $0, 0xb000
    int $0x13
    show "read"
    mov 0xb000, %ax
    show "first word"
    regs 0x0203 0xb000 0x0011 0x0080
    int $0x13
    show "read three"
    mov 0xb400, %ax
    show "third sector"
    regs 0x0201 0xb000 0x0000 0x0080
    int $0x13
    show "sector 0"
    regs 0x0200 0xb000 0x0001 0x0080
    int $0x13
    show "count 0"
    regs 0x0201 0xb000 0x0001 0x1080
    int $0x13
    show "head 16"
    regs 0x0201 0xb000 0xff01 0x0080
    int $0x13
    show "cylinder 255"
    regs 0x0201 0xb000 0x003f 0x0180
    int $0x13
    show "behind the end"
    regs 0x0100 0 0 0x0080
    int $0x13
    show "last status"
    regs 0x0401 0xb000 0x0001 0x0080
    int $0x13
    show "verify"
    movw $0x1234, 0xb000
    movw $0x5678, 0xb1fe
    regs 0x0301 0xb000 0x0014 0x0080
    int $0x13
    show "write"
    regs 0x0201 0xb200 0x0014 0x0080
    int $0x13
    mov 0xb200, %ax
    mov 0xb3fe, %bx
    show "read back"
    movw $packet, %si
    regs 0x4200 0 0 0x0080
    int $0x13
    show "extended read"
    mov packet+2, %ax
    mov 0xb600, %bx
    mov 0xb800, %cx
    show "blocks and words"
    movl $0x1000, packet+8
    regs 0x4200 0 0 0x0080
    int $0x13
    show "extended read behind the end"
    movl $19, packet+8
    movw $1, packet+2
    movw $0x4321, 0xb600
    regs 0x4300 0 0 0x0080
    int $0x13
    show "extended write"
    regs 0x0201 0xba00 0x0014 0x0080
    int $0x13
    mov 0xba00, %ax
    show "written there"
    movl $1, packet+8
    regs 0x4400 0 0 0x0080
    int $0x13
    show "extended verify"
    movw $0x9000, %si
    movw $26, 0x9000
    regs 0x4800 0 0 0x0080
    int $0x13
    show "extended parameters"
    mov 0x9000, %ax
    mov 0x9002, %bx
    mov 0x9004, %cx
    mov 0x9008, %dx
    show "size flags cylinders heads"
    mov 0x900c, %ax
    mov 0x9010, %bx
    mov 0x9014, %cx
    mov 0x9018, %dx
    show "sectors total high bytes"
    movw $10, 0x9000
    regs 0x4800 0 0 0x0080
    int $0x13
    show "too little room"
    regs 0x0d00 0 0 0x0080
    int $0x13
    show "alternate reset"
    regs 0x1000 0 0 0x0080
    int $0x13
    show "ready"
    regs 0x1100 0 0 0x0080
    int $0x13
    show "recalibrate"
    regs 0x5500 0 0 0x0080
    int $0x13
    show "no such call"
    mov 0x475, %al
    showal "disks"
    ret
.balign 4
packet:
    .byte 16, 0
    .word 2, 0xb600, 0
    .long 17, 0
.org 8192
.word 0x1111
.org 8704
.word 0x2222
.org 9216
.word 0x3333
.org 32768
