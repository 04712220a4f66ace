# The first ATA channel by its ports: identify, read, write, errors, reset, and what IRQ 14 does. The disk has 64 sectors.
.include "common.S"
.macro reg register, value
    mov $0x1f0+\register, %dx
    mov $\value, %al
    out %al, %dx
.endm
.macro regin name, register
    mov $0x1f0+\register, %dx
    in %dx, %al
    showal "\name"
.endm
# Status without bit 4, which each drive sets as it likes.
.macro status name
    mov $0x1f7, %dx
    in %dx, %al
    and $0xef, %al
    showal "\name"
.endm
.macro lba sector, count
    reg 2, \count
    reg 3, \sector&255
    reg 4, (\sector>>8)&255
    reg 5, (\sector>>16)&255
    reg 6, 0xe0
.endm
.macro command code
    reg 7, \code
    call idle
.endm
.macro irq name
    call request
    showal "\name"
.endm
main:
    cli
    mov $0xff, %al
    out %al, $0x21
    out %al, $0xa1
    mov $0x3f6, %dx
    mov $0x04, %al
    out %al, %dx
    call pause
    mov $0x3f6, %dx
    mov $0x00, %al
    out %al, %dx
    call pause
    call idle
    regin "error after reset" 1
    regin "count" 2
    regin "sector" 3
    regin "cylinder low" 4
    regin "cylinder high" 5
    status "status"

    lba 0, 0
    command 0xec
    irq "interrupt"
    status "identify"
    irq "acknowledged"
    mov $0xc000, %di
    mov $0x1f0, %dx
    mov $256, %cx
    rep insw
    status "all read"
    irq "no interrupt"
    mov 0xc000+120, %ax
    mov 0xc000+122, %bx
    mov $0, %cx
    mov $0, %dx
    test %bx, %bx
    show "sectors"
    mov 0xc000+98, %ax
    and $0x0200, %ax
    mov 0xc000+166, %bx
    and $0x6400, %bx
    mov 0xc000+94, %cx
    and $0x00ff, %cx
    show "LBA, 48 bits, multiple"

    lba 16, 2
    command 0x20
    status "read"
    mov $0xc000, %di
    mov $0x1f0, %dx
    mov $256, %cx
    rep insw
    call idle
    irq "second block"
    status "read on"
    mov $0x1f0, %dx
    mov $128, %cx
    rep insl
    status "end"
    irq "no interrupt"
    mov 0xc000, %ax
    mov 0xc200, %bx
    mov $0, %cx
    mov $0, %dx
    show "words"
    regin "count left" 2
    regin "sector now" 3

    lba 20, 1
    reg 7, 0x30
    call idle
    irq "write asks without interrupt"
    mov $0x3f6, %dx
    in %dx, %al
    showal "write"
    mov $main, %si
    mov $0x1f0, %dx
    mov $256, %cx
    rep outsw
    call idle
    irq "written"
    status "status"
    command 0xe7
    status "flushed"
    lba 20, 1
    command 0x20
    mov $0xc400, %di
    mov $0x1f0, %dx
    mov $256, %cx
    rep insw
    mov $main, %si
    mov $0xc400, %di
    mov $256, %cx
    rep cmpsw
    mov $0, %ax
    show "read back"

    reg 2, 4
    command 0xc6
    status "set multiple"
    lba 16, 3
    command 0xc4
    status "read multiple"
    mov $0xc000, %di
    mov $0x1f0, %dx
    mov $768, %cx
    rep insw
    status "in one block"
    mov 0xc400, %ax
    mov $0, %dx
    test %ax, %ax
    show "third"
    reg 2, 3
    command 0xc6
    status "multiple of 3"
    regin "error" 1

    lba 64, 1
    command 0x20
    status "behind the end"
    command 0x05
    status "no such command"
    regin "error" 1
    irq "with interrupt"
    lba 0, 1
    command 0x40
    status "verify"
    lba 0, 0
    command 0xf8
    regin "native size" 3
    command 0x10
    status "recalibrate"
    command 0x90
    regin "diagnostic" 1

    # 48 bits: high bytes first.
    reg 6, 0x40
    reg 2, 0
    reg 3, 0
    reg 4, 0
    reg 5, 0
    reg 2, 1
    reg 3, 17
    reg 4, 0
    reg 5, 0
    command 0x24
    status "read with 48 bits"
    mov $0x1f0, %dx
    in %dx, %ax
    mov $0, %dx
    test %ax, %ax
    show "word"
    mov $255, %cx
    mov $0xc000, %di
    mov $0x1f0, %dx
    rep insw

    # nIEN
    mov $0x3f6, %dx
    mov $0x02, %al
    out %al, %dx
    lba 0, 1
    command 0x40
    irq "silent"
    mov $0x3f6, %dx
    mov $0x00, %al
    out %al, %dx

    reg 6, 0xf0
    status "no second disk"
    reg 6, 0xe0
    status "first disk"
    ret

# Until BSY is clear, by the alternate status, which acknowledges nothing.
idle:
    call pause
    push %ax
    push %dx
    mov $0x3f6, %dx
1:  in %dx, %al
    test $0x80, %al
    jnz 1b
    pop %dx
    pop %ax
    ret
# AL 1 when IRQ 14 has been requested since the last call: the edge is taken back by initialising the second controller.
request:
    push %bx
    mov $0x0a, %al
    out %al, $0xa0
    in $0xa0, %al
    mov %al, %bl
    mov $0x11, %al
    out %al, $0xa0
    mov $0x70, %al
    out %al, $0xa1
    mov $0x02, %al
    out %al, $0xa1
    mov $0x01, %al
    out %al, $0xa1
    mov $0xff, %al
    out %al, $0xa1
    mov %bl, %al
    shr $6, %al
    and $1, %al
    pop %bx
    ret
pause:
    push %ax
    push %cx
    mov $20, %cx
1:  in $0x61, %al
    mov %al, %ah
2:  in $0x61, %al
    xor %ah, %al
    test $0x10, %al
    jz 2b
    loop 1b
    pop %cx
    pop %ax
    ret
.org 8192
.word 0x1111
.org 8704
.word 0x2222
.org 9216
.word 0x3333
.org 32768
