# INT 10h in text mode.
.include "common.S"
main:
    regs 0x0003
    int $0x10
    regs 0x0f00 0x1234
    int $0x10
    show "mode"
    regs 0x0300 0x0000
    int $0x10
    show "cursor after mode set"
    regs 0x0200 0x0000 0 0x0a05
    int $0x10
    regs 0x0941 0x001e 3
    int $0x10
    regs 0x0800 0x0000
    int $0x10
    show "written with attribute"
    regs 0x0a42 0x004f 1
    int $0x10
    regs 0x0800 0x0000
    int $0x10
    show "written without attribute"
    regs 0x0300 0x0000
    int $0x10
    show "cursor stays"
    regs 0x0200 0x0000 0 0x0a4f
    int $0x10
    regs 0x0e43 0x0007
    int $0x10
    regs 0x0300
    int $0x10
    show "teletype wraps"
    regs 0x0e0a 0x0007
    int $0x10
    regs 0x0e44 0x0007
    int $0x10
    regs 0x0e0d 0x0007
    int $0x10
    regs 0x0300
    int $0x10
    show "line feed and return"
    regs 0x0200 0x0000 0 0x184f
    int $0x10
    regs 0x0e45 0x0007
    int $0x10
    regs 0x0300
    int $0x10
    show "bottom wraps and scrolls"
    regs 0x0200 0x0000 0 0x174f
    int $0x10
    regs 0x0800
    int $0x10
    show "scrolled character"
    regs 0x0200 0x0000 0 0x0905
    int $0x10
    regs 0x0800
    int $0x10
    show "scrolled attribute"
    regs 0x0701 0x2f00 0x0000 0x184f
    int $0x10
    regs 0x0200 0x0000 0 0x0000
    int $0x10
    regs 0x0800
    int $0x10
    show "scrolled down, new line"
    regs 0x0602 0x3000 0x0504 0x0a06
    int $0x10
    regs 0x0200 0x0000 0 0x0a05
    int $0x10
    regs 0x0800
    int $0x10
    show "window scrolled up"
    regs 0x0600 0x7000 0x0000 0x184f
    int $0x10
    regs 0x0800
    int $0x10
    show "cleared"
    mov $text, %bp
    regs 0x1301 0x0071 5 0x0c03
    int $0x10
    regs 0x0300
    int $0x10
    show "string moves cursor"
    regs 0x0200 0x0000 0 0x0c06
    int $0x10
    regs 0x0800
    int $0x10
    show "string character"
    mov $text, %bp
    regs 0x1300 0x0072 5 0x0d03
    int $0x10
    regs 0x0300
    int $0x10
    show "string leaves cursor"
    regs 0x0501
    int $0x10
    regs 0x0f00
    int $0x10
    show "page 1"
    regs 0x0200 0x0100 0 0x0203
    int $0x10
    regs 0x0300 0x0000
    int $0x10
    show "page 0 has its own cursor"
    regs 0x0300 0x0100
    int $0x10
    show "page 1 cursor"
    mov $0x3d4, %dx
    mov $0x0c, %al
    out %al, %dx
    inc %dx
    in %dx, %al
    showal "start high"
    mov $0x3d4, %dx
    mov $0x0e, %al
    out %al, %dx
    inc %dx
    in %dx, %al
    showal "cursor cell high"
    mov $0x3d4, %dx
    mov $0x0f, %al
    out %al, %dx
    inc %dx
    in %dx, %al
    showal "cursor cell low"
    regs 0x0500
    int $0x10
    regs 0x1a00
    int $0x10
    show "display combination"
    regs 0x1200 0x0010
    int $0x10
    showal "alternate select"
    mov %bl, %al
    showal "memory"
    regs 0x0001
    int $0x10
    regs 0x0f00
    int $0x10
    show "mode 1"
    mov 0x44c, %ax
    show "page size"
    mov 0x484, %al
    showal "last row"
    mov 0x463, %ax
    show "controller port"
    # Fonts: 8, 14 and 16 lines.
    .irp font, 0x1112, 0x1111, 0x1114
    regs 0x0003
    int $0x10
    regs \font
    int $0x10
    mov 0x484, %al
    showal "rows after a font"
    mov 0x485, %ax
    show "lines"
    mov $0x3d4, %dx
    mov $9, %al
    out %al, %dx
    inc %dx
    in %dx, %al
    and $31, %al
    showal "last line of a cell"
    mov $0x3d4, %dx
    mov $0x12, %al
    out %al, %dx
    inc %dx
    in %dx, %al
    showal "end of display"
    regs 0x0200 0x0000 0 0x1805
    int $0x10
    regs 0x0e0a 0x0007
    int $0x10
    regs 0x0300
    int $0x10
    mov %dh, %al
    showal "row below 24"
    .endr
    ret
text: .ascii "Glass"
.org 4096
