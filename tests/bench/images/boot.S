# First sector: loads the rest, enters long mode with the first gibibyte mapped to itself, and runs `workload`. Its value goes to
# the debug console (port E9h) as sixteen hex digits between two marks, by which a harness times it; then port F4h ends the machine.
        .code16
        .section .boot, "ax"
        .globl start
start:
        ljmp $0, $1f
1:      xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw $0x7c00, %sp
        cld
        movb %dl, drive
        movw $0x2401, %ax
        int $0x15
        movw $SECTORS, %bp
2:      testw %bp, %bp
        jz 3f
        movw %bp, %ax
        cmpw $64, %ax
        jbe 4f
        movw $64, %ax
4:      movw %ax, packet_count
        subw %ax, %bp
        movb $0x42, %ah
        movb drive, %dl
        movw $packet, %si
        int $0x13
        jc .
        addw $0x800, packet_segment
        addl $64, packet_sector
        jmp 2b
3:      cli
        # Tables at 1000h: one PML4 entry, one PDPT entry, 512 pages of 2 MiB.
        movw $0x1000, %di
        xorl %eax, %eax
        movw $0xc00, %cx
        rep stosl
        movl $0x2007, 0x1000
        movl $0x3007, 0x2000
        movw $0x3000, %di
        movl $0x87, %eax
5:      movl %eax, (%di)
        addl $0x200000, %eax
        addw $8, %di
        cmpw $0x4000, %di
        jne 5b
        lgdt descriptor
        movl %cr4, %eax
        orl $0x620, %eax
        movl %eax, %cr4
        movl $0x1000, %eax
        movl %eax, %cr3
        movl $0xc0000080, %ecx
        rdmsr
        orl $0x100, %eax
        wrmsr
        movl %cr0, %eax
        andl $~4, %eax
        orl $0x80000003, %eax
        movl %eax, %cr0
        ljmpl $8, $long_mode

        .align 4
packet: .byte 16, 0
packet_count: .word 0
        .word 0
packet_segment: .word 0x1000
packet_sector: .long 1, 0
drive:  .byte 0
        .align 8
table:  .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
descriptor: .word . - table - 1
        .long table
        .org 510
        .word 0xaa55

        .code64
        .section .text.entry, "ax"
long_mode:
        movl $16, %eax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw %ax, %fs
        movw %ax, %gs
        movl $0x1f00000, %esp
        # The bytes were loaded at 10000h and belong at 100000h.
        jmp 1f
1:      movl $0x10000, %esi
        movl $0x100000, %edi
        movl $SECTORS * 64, %ecx
        rep movsq
        movabsq $2f, %rax
        jmp *%rax
        .section .text.main, "ax"
2:      movb $'<', %al
        outb %al, $0xe9
        call workload
        movq %rax, %rbx
        movb $'=', %al
        outb %al, $0xe9
        movl $16, %ecx
3:      rolq $4, %rbx
        movl %ebx, %eax
        andl $15, %eax
        addb $'0', %al
        cmpb $'9', %al
        jbe 4f
        addb $'a' - '0' - 10, %al
4:      outb %al, $0xe9
        loop 3b
        movb $'>', %al
        outb %al, $0xe9
        movl $0, %eax
        outl %eax, $0xf4
        cli
        hlt
