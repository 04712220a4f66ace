/* The kernel's way from its first C instruction to the scheduler. */
#include "console.h"
#include "frame.h"
#include "fs.h"
#include "gdt.h"
#include "heap.h"
#include "idt.h"
#include "keyboard.h"
#include "kernel.h"
#include "message.h"
#include "pic.h"
#include "process.h"
#include "scenario.h"
#include "scheduler.h"
#include "syscall.h"
#include "topic.h"
#include "trace.h"
#include "vm.h"

struct boot_info boot_info;

extern char kernel_end[];

static void memory_start(void)
{
    frame_start(&boot_info, (uint64_t)kernel_end - KERNEL_VIRTUAL_BASE);
    vm_start();
    heap_start();
    message_start();
    topic_start();
    boot_stages_publish(&boot_info);
    /* Rounded: firmwares keep a few pages more or less for themselves. */
    console_print("memory: %lu MiB, pages of 4 KiB, 4 levels, no-execute\n",
                  (frame_allocator.memory_frames * PAGE_SIZE + MIB / 2) / MIB);
}

static void interrupts_start(void)
{
    pic_start();
    keyboard_start();
    scheduler_init();
    syscall_start();
    boot_stage(BOOT_STAGE_INTERRUPTS);
    console_print("interrupts: timer, keyboard, serial line; system calls\n");
}

static void start_init(void)
{
    int64_t handle = process_spawn("init", "");
    if (handle < 0)
        panic("init cannot be started: error %ld", -handle);
    process_table[handle & UINT32_MAX].flags |= FLAG_SYSTEM;
}

_Noreturn void kernel_main(phys_t boot)
{
    vm_early();
    boot_info = *(const struct boot_info *)frame_pointer(boot);
    gdt_start();
    idt_start();
    console_start();
    if (boot_info.magic != BOOT_INFO_MAGIC)
        panic("the boot stages left no boot_info");
    trace_start(&boot_info);
    console_print("Herald, a kernel in the higher half\n");
    memory_start();
    process_start();
    interrupts_start();
    fs_start();
    scenario_start();
    start_init();
    pic_unmask(IRQ_KEYBOARD);
    pic_unmask(IRQ_SERIAL);
    console_print("scheduler: round robin, quantum %lu ms\n", scheduler.quantum_us / 1000);
    scheduler_start();
}
