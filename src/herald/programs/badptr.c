/* Reads through a pointer that is not its own: badptr [null|kernel|code]. The kernel ends it; nobody else notices. */
#include "herald.h"

int main(const char *arguments)
{
    volatile int *pointer = 0;
    if (strcmp(arguments, "kernel") == 0)
        pointer = (volatile int *)(KERNEL_VIRTUAL_BASE + KERNEL_PHYSICAL_BASE);
    if (strcmp(arguments, "code") == 0) {
        pointer = (volatile int *)USER_BASE;
        *pointer = 1;
    }
    print("badptr: it read %d\n", *pointer);
    return 1;
}
