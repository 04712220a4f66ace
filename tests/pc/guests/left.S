# What the firmware leaves in the parts for the program that it boots.
.include "common.S"
.macro inb name, port
    in $\port, %al
    showal "\name"
.endm
.macro cmos name, register
    mov $\register, %al
    out %al, $0x70
    in $0x71, %al
    showal "\name"
.endm
main:
    cli
    inb "first mask" 0x21
    # SeaBIOS leaves the clock's line open; ours opens it when somebody asks for it.
    in $0xa1, %al
    or $1, %al
    showal "second mask"
    # Both are past their initialisation: what comes is a mask.
    mov $0xfb, %al
    out %al, $0x21
    inb "first mask set" 0x21
    mov $0xef, %al
    out %al, $0xa1
    inb "second mask set" 0xa1
    # Nothing is in service, and an interrupt stays so until its end is told: no automatic ends.
    mov $0x0b, %al
    out %al, $0x20
    inb "in service" 0x20
    # Counter 0: low and high byte, mode 2 or 3 (OUT and the count pass).
    mov $0xe2, %al
    out %al, $0x43
    in $0x40, %al
    and $0x7d, %al
    showal "counter 0"
1:  in $0x64, %al
    test $1, %al
    jz 2f
    in $0x60, %al
    jmp 1b
2:  mov $0x20, %al
    out %al, $0x64
3:  in $0x64, %al
    test $1, %al
    jz 3b
    inb "command byte" 0x60
    cmos "shutdown status" 0x0f
    cmos "clock, control" 0x0b
    inb "A20" 0x92
    ret
.org 4096
