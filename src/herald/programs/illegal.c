/* Executes an instruction that does not exist. */
#include "herald.h"

int main(const char *arguments)
{
    (void)arguments;
    __asm__ volatile("ud2");
    return 1;
}
