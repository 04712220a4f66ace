#include "gdt.h"

struct task_state tss;
static uint64_t gdt[7];
static char double_fault_stack[4096] __attribute__((aligned(16)));

static void load_tables(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof gdt - 1, (uint64_t)gdt};

    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%ss\n\t"
                     "movl %3, %%fs\n\t"
                     "movl %3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0), "r"(SELECTOR_TSS)
                     : "rax", "memory");
}

void gdt_start(void)
{
    uint64_t base = (uint64_t)&tss;
    tss.io_map = sizeof tss; /* no ports for ring 3 */
    tss.ist[IST_DOUBLE_FAULT - 1] = (uint64_t)double_fault_stack + sizeof double_fault_stack;

    gdt[1] = UINT64_C(0x00af9b000000ffff); /* kernel code, 64 bits */
    gdt[2] = UINT64_C(0x00cf93000000ffff); /* kernel data */
    gdt[3] = UINT64_C(0x00cff3000000ffff); /* user data */
    gdt[4] = UINT64_C(0x00affb000000ffff); /* user code, 64 bits */
    gdt[5] = (sizeof tss - 1) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;
    load_tables();
}
