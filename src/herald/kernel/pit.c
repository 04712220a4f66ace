#include "pit.h"

#define PIT_HZ 1193182
#define CHANNEL_0 0x40
#define CONTROL 0x43
#define RATE_GENERATOR 0x34 /* channel 0, low byte then high byte, mode 2 */

uint64_t kernel_time;
uint64_t pit_ticks;
static uint64_t period_ns;

uint64_t pit_set_period(uint64_t microseconds)
{
    uint64_t divisor = microseconds * PIT_HZ / 1000000;
    if (divisor < 4)
        divisor = 4;
    if (divisor > 65535)
        divisor = 65535;
    uint64_t saved = interrupts_save();
    period_ns = divisor * UINT64_C(1000000000) / PIT_HZ;
    outb(CONTROL, RATE_GENERATOR);
    outb(CHANNEL_0, (uint8_t)divisor);
    outb(CHANNEL_0, (uint8_t)(divisor >> 8));
    interrupts_restore(saved);
    return period_ns;
}

void pit_tick(void)
{
    kernel_time += period_ns;
    pit_ticks++;
}
