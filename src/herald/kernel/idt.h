/* The interrupt descriptor table: 256 gates to the stubs of trap.S. */
#ifndef HERALD_IDT_H
#define HERALD_IDT_H

#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_IRQ 32 /* IRQ 0 to 15 are vectors 32 to 47 */

void idt_start(void);

#endif
