#include "idt.h"

#include "gdt.h"
#include "kernel.h"

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "gate");

#define GATE_INTERRUPT 0x8e /* present, ring 0, turns interrupts off */
#define STUB_STRIDE 16

extern char trap_stubs[];
static struct gate idt[256];

void idt_start(void)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t stub = (uint64_t)trap_stubs + vector * STUB_STRIDE;
        idt[vector] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = SELECTOR_KERNEL_CODE,
            .ist = vector == VECTOR_DOUBLE_FAULT ? IST_DOUBLE_FAULT : 0,
            .type = GATE_INTERRUPT,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}
