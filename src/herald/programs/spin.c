/* Never gives the CPU away; the timer takes it. End it with kill. */
#include "herald.h"

int main(const char *arguments)
{
    (void)arguments;
    for (;;)
        __asm__ volatile("" : : : "memory");
}
