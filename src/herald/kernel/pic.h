/* The pair of 8259 interrupt controllers. */
#ifndef HERALD_PIC_H
#define HERALD_PIC_H

enum irq_line {
    IRQ_TIMER = 0,
    IRQ_KEYBOARD = 1,
    IRQ_CASCADE = 2,
    IRQ_SERIAL = 4,
};

/* Vectors VECTOR_IRQ on; every line masked. */
void pic_start(void);

void pic_unmask(unsigned line);
void pic_acknowledge(unsigned line);

/* A line that went away before the CPU asked for its vector; must not be acknowledged as a real one. */
int pic_is_spurious(unsigned line);

#endif
