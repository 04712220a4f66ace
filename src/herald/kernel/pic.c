#include "pic.h"

#include "idt.h"
#include "kernel.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define SLAVE_COMMAND 0xa0
#define SLAVE_DATA 0xa1

#define ICW1_START 0x11 /* initialise, edge triggered, cascaded, ICW4 follows */
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_READ_ISR 0x0b

void pic_start(void)
{
    outb(MASTER_COMMAND, ICW1_START);
    outb(SLAVE_COMMAND, ICW1_START);
    outb(MASTER_DATA, VECTOR_IRQ);
    outb(SLAVE_DATA, VECTOR_IRQ + 8);
    outb(MASTER_DATA, 1 << IRQ_CASCADE);
    outb(SLAVE_DATA, IRQ_CASCADE);
    outb(MASTER_DATA, ICW4_8086);
    outb(SLAVE_DATA, ICW4_8086);
    outb(MASTER_DATA, 0xff & ~(1 << IRQ_CASCADE));
    outb(SLAVE_DATA, 0xff);
}

void pic_unmask(unsigned line)
{
    uint16_t port = line < 8 ? MASTER_DATA : SLAVE_DATA;
    outb(port, inb(port) & ~(1 << (line & 7)));
}

void pic_acknowledge(unsigned line)
{
    if (line >= 8)
        outb(SLAVE_COMMAND, OCW2_EOI);
    outb(MASTER_COMMAND, OCW2_EOI);
}

int pic_is_spurious(unsigned line)
{
    if ((line & 7) != 7)
        return 0;
    uint16_t port = line < 8 ? MASTER_COMMAND : SLAVE_COMMAND;
    outb(port, OCW3_READ_ISR);
    if (inb(port) & 0x80)
        return 0;
    if (line >= 8)
        outb(MASTER_COMMAND, OCW2_EOI); /* the master did see its cascade line */
    return 1;
}
