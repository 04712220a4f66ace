# Start of every guest of this folder: the first sector loads the rest, `main` does its calls and shows what came back on port E9h,
# then the run ends by isa-debug-exit. Build: make.sh.
.code16
.text
.globl _start
_start:
    ljmp $0, $1f
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7000, %sp
    sti
    cld
    mov $0x0207, %ax
    mov $0x0002, %cx
    mov $0x0080, %dx
    mov $0x7e00, %bx
    int $0x13
    jc 2f
    call main
2:  mov $0, %al
    out %al, $0xf4
    cli
    hlt
.ifdef PARTITION
# One partition that ends at head 3, sector 32.
.org 446
    .byte 0x80, 0, 2, 0, 0x83, 3, 32, 1
    .long 1, 255
.endif
.org 510
.word 0xaa55

# AL as two hexadecimal digits.
hex8:
    push %ax
    shr $4, %al
    call hex4
    pop %ax
hex4:
    push %ax
    and $15, %al
    add $'0', %al
    cmp $'9', %al
    jbe 1f
    add $39, %al
1:  out %al, $0xe9
    pop %ax
    ret
hex16:
    xchg %al, %ah
    call hex8
    xchg %al, %ah
    jmp hex8
# Text at CS:SI up to 0.
print:
    push %ax
1:  lodsb %cs:(%si), %al
    test %al, %al
    jz 2f
    out %al, $0xe9
    jmp 1b
2:  pop %ax
    ret

# show "name": AX BX CX DX, carry and zero, unchanged.
.macro show name
    pushf
    push %si
    mov $8f, %si
    call showall
    pop %si
    popf
    jmp 9f
8:  .asciz "\name"
9:
.endm
# showal "name": AL only.
.macro showal name
    pushf
    push %si
    mov $8f, %si
    call print
    pop %si
    push %ax
    call hex8
    mov $10, %al
    out %al, $0xe9
    pop %ax
    popf
    jmp 9f
8:  .asciz "\name "
9:
.endm
showall:
    push %bp
    mov %sp, %bp
    push %ax
    call print
    mov $ax_text, %si
    call print
    call hex16
    mov $bx_text, %si
    call print
    mov %bx, %ax
    call hex16
    mov $cx_text, %si
    call print
    mov %cx, %ax
    call hex16
    mov $dx_text, %si
    call print
    mov %dx, %ax
    call hex16
    mov $flags_text, %si
    call print
    mov 6(%bp), %ax
    and $0x41, %al
    call hex8
    mov $10, %al
    out %al, $0xe9
    pop %ax
    pop %bp
    ret
ax_text: .asciz " ax="
bx_text: .asciz " bx="
cx_text: .asciz " cx="
dx_text: .asciz " dx="
flags_text: .asciz " f="
.macro regs a=0, b=0, c=0, d=0
    mov $\a, %ax
    mov $\b, %bx
    mov $\c, %cx
    mov $\d, %dx
.endm
