/* Calls itself until its stack is full and it runs into the guard page. */
#include "herald.h"

static int deeper(volatile int *above, int depth)
{
    volatile int here[64];
    here[0] = *above + 1;
    return depth < 0 ? 0 : deeper(here, depth + 1) + here[0];
}

int main(const char *arguments)
{
    (void)arguments;
    volatile int start = 0;
    return deeper(&start, 0);
}
