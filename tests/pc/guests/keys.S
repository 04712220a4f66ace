# Shows each key that INT 16h AH=10h gives, as four digits, and the shift state of AH=12h, until Escape.
.include "common.S"
main:
1:  mov $0x10, %ah
    int $0x16
    push %ax
    call hex16
    mov $0x20, %al
    out %al, $0xe9
    mov $0x12, %ah
    int $0x16
    call hex16
    mov $10, %al
    out %al, $0xe9
    pop %ax
    cmp $0x011b, %ax
    jne 1b
    ret
.org 4096
