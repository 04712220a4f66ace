/* The 8254 timer, channel 0: the kernel's only clock. */
#ifndef HERALD_PIT_H
#define HERALD_PIT_H

#include "kernel.h"

/* Kernel time in nanoseconds: the sum of the periods of all timer interrupts so far. */
extern uint64_t kernel_time;

/* Timer interrupts so far. */
extern uint64_t pit_ticks;

/*
 * Sets the period of the timer interrupt, 4 to 54924 microseconds; returns the period that the divisor really gives,
 * in ns.
 */
uint64_t pit_set_period(uint64_t microseconds);

/* A timer interrupt: advances kernel_time. */
void pit_tick(void);

#endif
