# x87 errors as a PC tells of them: with CR0.NE clear by FERR#, IRQ 13 and port F0h, with it set by vector 16.
.include "common.S"

.macro divide_by_zero
    fld1
    fldz
    fdivrp
.endm
.macro status name
    fnstsw %ax
    showal "\name, exceptions"
    mov %ah, %al
    and $0x38, %al
    showal "\name, top"
.endm

main:
    cli
    movw $irq13, 4 * 0x75
    movw $0, 4 * 0x75 + 2
    in $0xa1, %al
    and $~0x20, %al
    out %al, $0xa1
    in $0x21, %al
    and $~4, %al
    out %al, $0x21
    mov %cr0, %eax
    and $~0x2e, %eax
    mov %eax, %cr0
    sti

    fninit
    fldcw unmasked
    divide_by_zero
    status "divided"
    mov count, %al
    showal "interrupts"
    fwait
    nop
    mov count, %al
    showal "after fwait"
    status "cleared"

    # The handler leaves the exception: by F0h the next instruction goes on over it.
    fninit
    fldcw unmasked
    movb $0, clears
    divide_by_zero
    fld1
    fldl2t
    nop
    mov count, %al
    showal "ignored"
    status "ignored"
    fnclex
    mov count, %al
    showal "cleared"

    # Ignoring ended with the exception.
    movb $1, clears
    fldz
    fld1
    fdivp
    fwait
    nop
    mov count, %al
    showal "a new one"
    status "a new one"

    # Loading a control word that unmasks what is held makes it pending.
    fninit
    divide_by_zero
    fwait
    nop
    mov count, %al
    showal "masked"
    fldcw unmasked
    fwait
    nop
    mov count, %al
    showal "unmasked"

    # MMX waits as well.
    fninit
    fldcw unmasked
    divide_by_zero
    movd %eax, %mm0
    nop
    mov count, %al
    showal "mmx"
    fninit

    # With NE: vector 16, before the waiting instruction. The firmware's own interrupt is there: for a while it is ours.
    mov %cr0, %eax
    or $0x20, %eax
    mov %eax, %cr0
    mov 4 * 16, %ebx
    movw $vector16, 4 * 16
    movw $0, 4 * 16 + 2
    fldcw unmasked
    divide_by_zero
waiting:
    fwait
    mov %ebx, 4 * 16
    mov count, %al
    showal "with NE, interrupts"
    mov errors, %al
    showal "with NE, vector 16"
    ret

irq13:
    push %ax
    incb count
    xor %al, %al
    out %al, $0xf0
    cmpb $0, clears
    je 1f
    fnclex
1:  mov $0x20, %al
    out %al, $0xa0
    out %al, $0x20
    pop %ax
    iret
vector16:
    incb errors
    push %bp
    mov %sp, %bp
    cmpw $waiting, 2(%bp)
    je 1f
    movb $0xff, errors
1:  pop %bp
    fnclex
    iret

unmasked: .word 0x037b
count: .byte 0
errors: .byte 0
clears: .byte 1
.org 4096
