# First sector of a workload's disk image. Loads the rest with BIOS calls to 10000h, enters long mode with the first gibibyte mapped
# to itself by 2 MiB pages (TWIN: flat 32-bit protected mode without paging), copies what was loaded to 1 MiB and calls it.
        .code16
        .section .boot, "ax"
        .globl start
start:  jmp 1f
# At offsets 2 and 4 of the image, for a harness to change: how often the workload runs, and how often again after that.
        .globl repeat, more
repeat: .word REPEAT
more:   .word 0
1:      ljmp $0, $2f
2:      xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw $0x7c00, %sp
        cld
        movb %dl, drive
        movw $0x2401, %ax               # A20 on (INT 15h)
        int $0x15
        movw $SECTORS, %bp
3:      movw %bp, %ax                   # at most 64 sectors in one call (INT 13h, extended read)
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
        testw %bp, %bp
        jnz 3b
        cli
        lgdt descriptor
        movl %cr4, %eax
#ifdef TWIN
        orl $0x610, %eax                # PSE, OSFXSR, OSXMMEXCPT
        movl %eax, %cr4
        movl %cr0, %eax
        andl $~4, %eax
        orl $3, %eax                    # MP, PE
        movl %eax, %cr0
#else
        orl $0x620, %eax                # PAE, OSFXSR, OSXMMEXCPT
        movl %eax, %cr4
        # One PML4 entry at 1000h, one PDPT entry at 2000h, 512 pages of 2 MiB at 3000h, all of them also for ring 3.
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
        movl $0x1000, %eax
        movl %eax, %cr3
        movl $0xc0000080, %ecx          # EFER: LME
        rdmsr
        orl $0x100, %eax
        wrmsr
        movl %cr0, %eax
        andl $~4, %eax
        orl $0x80000003, %eax           # PG, MP, PE
        movl %eax, %cr0
#endif
        ljmpl $8, $6f

        .align 4
packet: .byte 16, 0
packet_count: .word 0
        .word 0
packet_segment: .word 0x1000
packet_sector: .long 1, 0
drive:  .byte 0
        .align 8
#ifdef TWIN
table:  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
#else
table:  .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
#endif
descriptor: .word . - table - 1
        .long table

#ifdef TWIN
        .code32
#else
        .code64
#endif
6:      movl $16, %eax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw %ax, %fs
        movw %ax, %gs
        movl $0x1f00000, %esp
        movl $0x10000, %esi
        movl $0x100000, %edi
        movl $SECTORS * 128, %ecx
        rep movsl
        movl $main, %eax
#ifdef TWIN
        call *%eax
#else
        call *%rax
#endif
        cli
        hlt
        .org 510
        .word 0xaa55
