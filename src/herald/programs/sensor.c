/* Publishes readings: sensor [COUNT], one every 50 ms; 10 of them unless told, 0 for ever. */
#include "demo.h"
#include "herald.h"

#define PERIOD_MS 50

int main(const char *arguments)
{
    long count = 10;
    if (*arguments && (text_number(arguments, &count) || count < 0)) {
        print("sensor [COUNT]\n");
        return 1;
    }
    unsigned temperature = 200; /* tenths of a degree, on a walk that a linear congruence leads */
    unsigned random = 1;
    for (long i = 0; count == 0 || i < count; i++) {
        random = random * 1664525 + 1013904223;
        temperature += (random >> 29) - 3;
        publish(TOPIC_READING, &temperature, sizeof temperature, 0);
        sleep(PERIOD_MS);
    }
    return 0;
}
