# INT 13h on a disk whose partition table tells its geometry.
PARTITION = 1
.include "common.S"
main:
    regs 0x0800 0 0 0x0080
    int $0x13
    show "parameters"
    regs 0x1500 0 0 0x0080
    int $0x13
    show "type"
    movw $0x9000, %si
    movw $26, 0x9000
    regs 0x4800 0 0 0x0080
    int $0x13
    mov 0x9004, %ax
    mov 0x9008, %bx
    mov 0x900c, %cx
    mov 0x9010, %dx
    show "extended parameters"
    regs 0x0201 0x9000 0x0001 0x0180
    int $0x13
    mov 0x9000, %ax
    show "head 1"
    regs 0x0201 0x9000 0x0021 0x0080
    int $0x13
    show "sector 33"
    ret
.org 16384
.word 0x4444
.org 131072
