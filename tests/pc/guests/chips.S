# The 8259 pair, the 8254, the 8042, the CMOS clock and the UART, by their ports. Interrupts are off throughout.
.include "common.S"
.macro outb port, value
    mov $\value, %al
    out %al, $\port
.endm
.macro inb name, port
    in $\port, %al
    showal "\name"
.endm
.macro uart register, value
    mov $0x3f8+\register, %dx
    mov $\value, %al
    out %al, %dx
.endm
.macro uartin name, register
    mov $0x3f8+\register, %dx
    in %dx, %al
    showal "\name"
.endm
# Modem lines without their change bits, which QEMU does not keep in loopback.
.macro modem name
    mov $0x3fe, %dx
    in %dx, %al
    and $0xf0, %al
    showal "\name"
.endm
# What the keyboard controller answers.
.macro answer name
    call waitfull
    in $0x60, %al
    showal "\name"
.endm
main:
    cli
    # Fresh controllers: base 20h and 28h, everything masked.
    outb 0x20, 0x11
    outb 0xa0, 0x11
    outb 0x21, 0x20
    outb 0xa1, 0x28
    outb 0x21, 0x04
    outb 0xa1, 0x02
    outb 0x21, 0x01
    outb 0xa1, 0x01
    outb 0x21, 0xfb
    outb 0xa1, 0xff
    inb "mask" 0x21
    outb 0x20, 0x0b
    inb "in service" 0x20
    # A timer edge is latched while masked.
    outb 0x43, 0x30
    outb 0x40, 0x10
    outb 0x40, 0x00
1:  outb 0x43, 0xe2
    in $0x40, %al
    test $0x80, %al
    jz 1b
    showal "mode 0 status"
    outb 0x20, 0x0a
    inb "requested" 0x20
    outb 0x20, 0x0c
    inb "poll, masked" 0x20
    outb 0x21, 0xfa
    outb 0x20, 0x0c
    inb "poll" 0x20
    outb 0x20, 0x0b
    inb "in service" 0x20
    outb 0x20, 0x0a
    inb "requested" 0x20
    outb 0x20, 0x20
    outb 0x20, 0x0b
    inb "after EOI" 0x20

    # Counter 2, gate closed: counts stand still.
    in $0x61, %al
    and $0xfc, %al
    out %al, $0x61
    outb 0x43, 0xb6
    outb 0x42, 0x34
    outb 0x42, 0x12
    outb 0x43, 0xe8
    inb "mode 3 status" 0x42
    outb 0x43, 0x94
    outb 0x43, 0xe8
    in $0x42, %al
    and $0x3f, %al
    showal "mode 2, low byte"
    outb 0x43, 0xb1
    outb 0x43, 0xe8
    in $0x42, %al
    and $0x3f, %al
    showal "mode 0, BCD"

    # Keyboard controller.
    outb 0x64, 0xaa
    answer "self-test"
    outb 0x64, 0xab
    answer "keyboard port test"
    outb 0x64, 0x60
    outb 0x60, 0x45
    outb 0x64, 0x20
    answer "command byte"
    outb 0x60, 0xee
    answer "echo"
    outb 0x60, 0xf2
    answer "identify"
    answer "first byte"
    answer "second byte"
    outb 0x60, 0xed
    answer "lights"
    outb 0x60, 0x02
    answer "lights set"
    outb 0x60, 0xf0
    answer "scan code set"
    outb 0x60, 0x00
    answer "which"
    answer "translated 2"
    outb 0x64, 0xd2
    outb 0x60, 0x77
    answer "put back"
    outb 0x64, 0xd3
    outb 0x60, 0x78
    call waitfull
    in $0x64, %al
    and $0x21, %al
    showal "mouse byte"
    answer "put back"
    outb 0x64, 0xa8
    outb 0x64, 0xd4
    outb 0x60, 0xf2
    answer "mouse identify"
    answer "mouse kind"
    in $0x64, %al
    and $0xf7, %al
    showal "status"

    # Clock: registers that do not depend on the date.
    outb 0x70, 0x0d
    inb "battery" 0x71
    outb 0x70, 0x0b
    inb "control" 0x71
    outb 0x70, 0x35
    inb "memory above 16 MiB, high" 0x71
    outb 0x70, 0x18
    inb "extended memory, high" 0x71

    # UART.
    uart 3, 0x80
    uart 0, 0x01
    uart 1, 0x00
    uartin "divisor" 0
    uart 3, 0x03
    uartin "line control" 3
    uart 1, 0x00
    uartin "no interrupt" 2
    uart 2, 0x07
    uartin "FIFO" 2
    uart 4, 0x10
    modem "modem, loop"
    uart 4, 0x1a
    modem "RTS and OUT2"
    modem "changes are told once"
    uart 0, 0x5a
    call pause
    uartin "line status" 5
    uartin "looped byte" 0
    uartin "line status" 5
    uart 1, 0x01
    uart 0, 0x5b
    call pause
    uartin "received" 2
    uartin "looped byte" 0
    uartin "nothing" 2
    uart 1, 0x02
    uartin "transmitter empty" 2
    uartin "told once" 2
    uart 7, 0x99
    uartin "scratch" 7

    # PCI configuration.
    mov $0xcf8, %dx
    mov $0x80000000, %eax
    out %eax, %dx
    mov $0xcfc, %dx
    in %dx, %ax
    mov $0, %bx
    mov $0, %cx
    mov $0, %dx
    show "host bridge vendor"
    mov $0xcf8, %dx
    mov $0x80000800, %eax
    out %eax, %dx
    mov $0xcfe, %dx
    in %dx, %ax
    mov $0, %dx
    show "ISA bridge"
    mov $0xcf8, %dx
    mov $0x8000f800, %eax
    out %eax, %dx
    mov $0xcfc, %dx
    in %dx, %eax
    mov $0, %dx
    show "no such device"

    # Nothing there.
    mov $0x2f8, %dx
    in %dx, %al
    showal "no second UART"
    ret

waitfull:
    push %ax
1:  in $0x64, %al
    test $1, %al
    jz 1b
    pop %ax
    ret
# More than a character's time at 115200 baud.
pause:
    mov $200, %cx
1:  in $0x61, %al
    mov %al, %ah
2:  in $0x61, %al
    xor %ah, %al
    test $0x10, %al
    jz 2b
    loop 1b
    ret
.org 4096
