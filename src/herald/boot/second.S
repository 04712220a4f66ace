/*
 * The second stage, loaded to 7e00 by the first sector. In order: loads the kernel with INT 13h extensions, asks E820
 * for the memory map, opens address line 20, enters protected mode, moves the kernel to 1 MiB, enters long mode with
 * NX, and jumps to the kernel in the higher half. Each step announces itself and leaves its time stamp in boot_info.
 *
 * Everything here runs with segment bases 0; addresses are physical addresses.
 */
#include "layout.h"

#define COM1            0x3f8
#define PML4            0x1000
#define PDPT_LOW        0x2000
#define PDPT_HIGH       0x3000
#define PAGE_DIRECTORY  0x4000
#define SUPERBLOCK      0x5000
#define KERNEL_BUFFER   0x10000
#define KERNEL_BUFFER_SECTORS 1024
#define SECTORS_PER_READ 64
#define BOOT_STACK      0x7c00
#define SCREEN          0xb8000

#define SELECTOR_CODE32 0x08
#define SELECTOR_DATA   0x10
#define SELECTOR_CODE64 0x18

/* stamp: TSC into boot_info.stage_time[stage]; clobbers EAX and EDX. */
.macro stamp stage
    rdtsc
    movl    %eax, BOOT_INFO_ADDRESS + BOOT_INFO_STAGE_TIME_OFFSET + 8 * \stage
    movl    %edx, BOOT_INFO_ADDRESS + BOOT_INFO_STAGE_TIME_OFFSET + 8 * \stage + 4
.endm

.macro say text
    movw    $\text, %si
    call    print
.endm

    .code16
    .section .text
    .globl _start
_start:
    movb    %dl, drive
    stamp   ASM_BOOT_STAGE_SECOND_STAGE
    say     text_second

    /* A processor with long mode and NX? */
    movl    $0x80000000, %eax
    cpuid
    cmpl    $0x80000001, %eax
    movw    $error_cpu, %si
    jb      fail
    movl    $0x80000001, %eax
    cpuid
    movw    $error_cpu, %si
    andl    $0x20100000, %edx       /* LM and NX */
    cmpl    $0x20100000, %edx
    jne     fail

    /* INT 13h extensions, then the superblock. */
    movb    $0x41, %ah
    movw    $0x55aa, %bx
    movb    drive, %dl
    int     $0x13
    movw    $error_extensions, %si
    jc      fail
    cmpw    $0xaa55, %bx
    jne     fail
    movl    $SUPERBLOCK_LBA, packet_lba
    movw    $1, packet_count
    movw    $SUPERBLOCK, packet_offset
    movw    $0, packet_segment
    call    read_sectors
    movw    $error_superblock, %si
    cmpl    $(SUPERBLOCK_MAGIC & 0xffffffff), SUPERBLOCK
    jne     fail
    cmpl    $(SUPERBLOCK_MAGIC >> 32), SUPERBLOCK + 4
    jne     fail
    cmpl    $LAYOUT_VERSION, SUPERBLOCK + SUPERBLOCK_VERSION_OFFSET
    jne     fail

    /* The kernel, in pieces, to KERNEL_BUFFER. */
    movl    SUPERBLOCK + SUPERBLOCK_KERNEL_SECTORS_OFFSET, %ecx
    cmpl    $KERNEL_BUFFER_SECTORS, %ecx
    ja      fail
    movl    SUPERBLOCK + SUPERBLOCK_KERNEL_LBA_OFFSET, %eax
    movl    %eax, packet_lba
    movw    $0, packet_offset
    movw    $(KERNEL_BUFFER >> 4), packet_segment
load_piece:
    movl    %ecx, %eax
    cmpl    $SECTORS_PER_READ, %eax
    jbe     1f
    movl    $SECTORS_PER_READ, %eax
1:  movw    %ax, packet_count
    pushl   %eax
    pushl   %ecx
    call    read_sectors
    popl    %ecx
    popl    %eax
    addl    %eax, packet_lba
    subl    %eax, %ecx
    shlw    $5, %ax                 /* sectors to paragraphs */
    addw    %ax, packet_segment
    testl   %ecx, %ecx
    jnz     load_piece
    stamp   ASM_BOOT_STAGE_KERNEL_LOADED
    say     text_loaded

    /* E820. */
    movw    $(BOOT_INFO_ADDRESS + BOOT_INFO_E820_OFFSET), %di
    xorl    %ebx, %ebx
    xorl    %ebp, %ebp
next_range:
    movl    $1, 20(%di)
    movl    $0xe820, %eax
    movl    $0x534d4150, %edx
    movl    $24, %ecx
    int     $0x15
    jc      1f
    cmpl    $0x534d4150, %eax
    jne     1f
    addw    $24, %di
    incl    %ebp
    cmpl    $E820_MAX, %ebp
    jae     1f
    testl   %ebx, %ebx
    jnz     next_range
1:  movl    %ebp, BOOT_INFO_ADDRESS + BOOT_INFO_E820_COUNT_OFFSET
    movw    $error_memory, %si
    testl   %ebp, %ebp
    jz      fail
    stamp   ASM_BOOT_STAGE_MEMORY_MAP
    say     text_memory

    /* Address line 20: perhaps open already, else by the BIOS, else by port 92h; checked each time. */
    xorl    %ebp, %ebp
    call    a20_is_open
    jne     1f
    incl    %ebp
    movw    $0x2401, %ax
    int     $0x15
    call    a20_is_open
    jne     1f
    incl    %ebp
    inb     $0x92, %al
    orb     $2, %al
    andb    $0xfe, %al
    outb    %al, $0x92
    call    a20_is_open
    movw    $error_a20, %si
    je      fail
1:  movl    %ebp, BOOT_INFO_ADDRESS + BOOT_INFO_A20_METHOD_OFFSET
    stamp   ASM_BOOT_STAGE_A20
    say     text_a20

    /* Where the screen's cursor is: from here on the BIOS cannot print for us. */
    movb    $0x03, %ah
    xorb    %bh, %bh
    int     $0x10
    movzbl  %dh, %eax
    imull   $160, %eax
    addl    $SCREEN, %eax
    movl    %eax, screen_line
    movl    $BOOT_INFO_MAGIC, BOOT_INFO_ADDRESS

    cli
    lgdt    gdt_pointer
    movl    %cr0, %eax
    orl     $1, %eax
    movl    %eax, %cr0
    ljmpl   $SELECTOR_CODE32, $protected_mode

/* read_sectors: as the packet says; fails for good when the disk does. */
read_sectors:
    movb    $0x42, %ah
    movb    drive, %dl
    movw    $packet, %si
    int     $0x13
    movw    $error_disk, %si
    jc      fail
    ret

/* a20_is_open: ZF clear when address 1 MiB + x is not the same memory as x. */
a20_is_open:
    pushw   %es
    movw    $0xffff, %ax
    movw    %ax, %es
    movw    $0x1234, marker
    movw    $0x4321, %es:(marker + 0x10)
    cmpw    $0x4321, marker
    je      1f                      /* wrapped: closed */
    movw    $0x8765, marker         /* once more, against a chance match */
    cmpw    $0x8765, %es:(marker + 0x10)
1:  popw    %es
    ret

print:
    lodsb
    testb   %al, %al
    jz      2f
    pushaw
    movw    %ax, %bp
    movw    $0xffff, %cx
    movw    $(COM1 + 5), %dx
1:  inb     %dx, %al
    testb   $0x20, %al
    loopz   1b
    movw    %bp, %ax
    movw    $COM1, %dx
    outb    %al, %dx
    movb    $0x0e, %ah
    movw    $0x0007, %bx
    int     $0x10
    popaw
    jmp     print
2:  ret

/* fail: says what is wrong (SI) and stops. */
fail:
    call    print
    say     text_stopped
1:  cli
    hlt
    jmp     1b

/*
 * printer: a routine for protected and for long mode alike. Writes the text at (E/R)SI to the serial line and to the
 * screen line screen_line, and moves the cursor to the next line. The texts of these two stages never reach the last
 * line of the screen.
 */
.macro printer name
\name:
    movl    screen_line, %edi
1:  lodsb
    testb   %al, %al
    jz      3f
    movb    %al, %bl
    movl    $0xffff, %ecx
    movl    $(COM1 + 5), %edx
2:  inb     %dx, %al
    testb   $0x20, %al
    loopz   2b
    movb    %bl, %al
    movl    $COM1, %edx
    outb    %al, %dx
    cmpb    $' ', %al
    jb      1b
    movb    $0x07, %ah
    stosw
    jmp     1b
3:  addl    $160, screen_line
    movl    screen_line, %ebx
    subl    $SCREEN, %ebx
    shrl    $1, %ebx
    movl    $0x3d4, %edx
    movb    $0x0f, %al
    outb    %al, %dx
    incl    %edx
    movb    %bl, %al
    outb    %al, %dx
    decl    %edx
    movb    $0x0e, %al
    outb    %al, %dx
    incl    %edx
    movb    %bh, %al
    outb    %al, %dx
    ret
.endm

    .code32
protected_mode:
    movw    $SELECTOR_DATA, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movl    $BOOT_STACK, %esp
    stamp   ASM_BOOT_STAGE_PROTECTED_MODE
    movl    $text_protected, %esi
    call    print32

    /* The kernel to its place, the rest of its memory zero. */
    movl    $KERNEL_BUFFER, %esi
    movl    $KERNEL_PHYSICAL_BASE, %edi
    movl    SUPERBLOCK + SUPERBLOCK_KERNEL_BYTES_OFFSET, %ecx
    movl    SUPERBLOCK + SUPERBLOCK_KERNEL_MEMORY_OFFSET, %ebx
    subl    %ecx, %ebx
    addl    $3, %ecx
    shrl    $2, %ecx
    rep movsl
    xorl    %eax, %eax
    movl    %ebx, %ecx
    shrl    $2, %ecx
    rep stosl

    /*
     * The first page tables: the first GiB at 0 and at KERNEL_VIRTUAL_BASE, in 2 MiB pages. The kernel makes better
     * ones.
     */
    movl    $PML4, %edi
    movl    $0x1000, %ecx           /* four pages of double words */
    rep stosl
    movl    $(PDPT_LOW + 3), PML4
    movl    $(PDPT_HIGH + 3), PML4 + 511 * 8
    movl    $(PAGE_DIRECTORY + 3), PDPT_LOW
    movl    $(PAGE_DIRECTORY + 3), PDPT_HIGH + 510 * 8
    movl    $PAGE_DIRECTORY, %edi
    movl    $0x83, %eax             /* present, writable, large */
    movl    $512, %ecx
1:  movl    %eax, (%edi)
    addl    $8, %edi
    addl    $0x200000, %eax
    loop    1b

    movl    $PML4, %eax
    movl    %eax, %cr3
    movl    %cr4, %eax
    orl     $0x20, %eax             /* PAE */
    movl    %eax, %cr4
    movl    $0xc0000080, %ecx       /* EFER: LME, NXE */
    rdmsr
    orl     $0x900, %eax
    wrmsr
    movl    %cr0, %eax
    orl     $0x80010000, %eax       /* PG, WP */
    movl    %eax, %cr0
    ljmpl   $SELECTOR_CODE64, $long_mode

    printer print32

    .code64
long_mode:
    stamp   ASM_BOOT_STAGE_LONG_MODE
    movl    $text_long, %esi
    call    print64
    movl    SUPERBLOCK + SUPERBLOCK_KERNEL_ENTRY_OFFSET, %eax
    movabsq $(KERNEL_VIRTUAL_BASE + KERNEL_PHYSICAL_BASE), %rcx
    addq    %rcx, %rax
    movl    $BOOT_INFO_ADDRESS, %edi
    jmp     *%rax

    printer print64

    .balign 8
gdt:
    .quad   0
    .quad   0x00cf9a000000ffff      /* 08: 32-bit code, flat */
    .quad   0x00cf92000000ffff      /* 10: data, flat */
    .quad   0x00af9a000000ffff      /* 18: 64-bit code */
gdt_pointer:
    .word   . - gdt - 1
    .long   gdt

screen_line:
    .long   0
drive:
    .byte   0
    .balign 4
marker:
    .word   0, 0
packet:                             /* INT 13h AH=42h: disk address packet */
    .byte   16, 0
packet_count:
    .word   0
packet_offset:
    .word   0
packet_segment:
    .word   0
packet_lba:
    .quad   0

text_second:    .asciz "second stage at 7e00\r\n"
text_loaded:    .asciz "kernel loaded\r\n"
text_memory:    .asciz "memory map from E820\r\n"
text_a20:       .asciz "address line 20 is open\r\n"
text_protected: .asciz "protected mode\r\n"
text_long:      .asciz "long mode\r\n"
text_stopped:   .asciz ": stopped\r\n"
error_cpu:        .asciz "Herald needs a processor with long mode and NX"
error_extensions: .asciz "Herald needs INT 13h extensions"
error_superblock: .asciz "Herald: no superblock on this disk"
error_disk:       .asciz "Herald: the disk cannot be read"
error_memory:     .asciz "Herald: the BIOS has no memory map"
error_a20:        .asciz "Herald: address line 20 stays closed"
