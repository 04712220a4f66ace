/*
 * The first sector. The firmware puts these 512 bytes at 7c00 and jumps here in real mode with the drive number in DL.
 * It opens the serial line, says where it is, and loads the second stage (sectors 1 to 15) to 7e00.
 *
 * Low memory during the boot (physical addresses):
 *   1000 page tables (4 pages)   5000 superblock   6000 boot_info   7c00 first sector, stack below it
 *   7e00 second stage            10000 to 90000 the kernel image until it is copied to 1 MiB
 */
#include "layout.h"

#define COM1 0x3f8
#define STAGE2_SECTORS 15

    .code16
    .section .text
    .globl _start
_start:
    ljmp    $0, $begin
begin:
    cli
    xorw    %ax, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movw    $0x7c00, %sp
    sti
    cld
    movb    %dl, drive

    /* boot_info starts empty; the first time stamp goes in. */
    movw    $BOOT_INFO_ADDRESS, %di
    movw    $(BOOT_INFO_STRUCT_SIZE / 2), %cx
    rep stosw
    rdtsc
    movl    %eax, BOOT_INFO_ADDRESS + BOOT_INFO_STAGE_TIME_OFFSET
    movl    %edx, BOOT_INFO_ADDRESS + BOOT_INFO_STAGE_TIME_OFFSET + 4
    movzbl  drive, %eax
    movl    %eax, BOOT_INFO_ADDRESS + BOOT_INFO_DRIVE_OFFSET

    movw    $0x0003, %ax            /* 80 x 25 text */
    int     $0x10

    /* COM1: 115200 baud, 8 bits, no parity, 1 stop bit, FIFOs on, no interrupts yet. */
    movw    $serial_setup, %si
    movw    $5, %cx
1:  lodsw                           /* AL: register, AH: value */
    movzbw  %al, %dx
    addw    $COM1, %dx
    movb    %ah, %al
    outb    %al, %dx
    loop    1b

    movw    $here, %si
    call    print
    movb    drive, %al
    call    print_byte
    movw    $newline, %si
    call    print

    movb    $0x42, %ah              /* read the second stage */
    movb    drive, %dl
    movw    $packet, %si
    int     $0x13
    jc      disk_error
    movb    drive, %dl
    ljmp    $0, $0x7e00

disk_error:
    movw    $cannot_read, %si
    call    print
halt:
    cli
    hlt
    jmp     halt

/* print: writes the text at SI to the screen and the serial line. */
print:
    lodsb
    testb   %al, %al
    jz      1f
    call    print_character
    jmp     print
1:  ret

/* print_byte: writes AL as two hexadecimal digits. */
print_byte:
    pushw   %ax
    shrb    $4, %al
    call    print_digit
    popw    %ax
    andb    $15, %al
print_digit:
    addb    $'0', %al
    cmpb    $'9', %al
    jbe     print_character
    addb    $('a' - '0' - 10), %al
    /* falls through */

/* print_character: writes AL; the serial line is given a bounded time to take it. */
print_character:
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
    ret

serial_setup:
    .byte   3, 0x80, 0, 1, 1, 0, 3, 0x03, 2, 0x07
drive:
    .byte   0
here:
    .asciz  "first sector at 7c00, drive "
newline:
    .asciz  "\r\n"
cannot_read:
    .asciz  "Herald: the disk cannot be read\r\n"

    .balign 4
packet:                             /* INT 13h AH=42h: disk address packet */
    .byte   16, 0
    .word   STAGE2_SECTORS
    .word   0x7e00, 0
    .quad   1

    .org    510
    .word   0xaa55
