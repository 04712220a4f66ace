/* The sensor, and the room around it: it cools towards 8 degrees and is warmed by the heater. */
#include "herald.h"
#include "thermostat.h"

#define OUTSIDE 8000
#define START 17000
#define HEAT_PER_SAMPLE 160
#define COOLING 100 /* part of the difference to outside that is lost per sample */

int main(const char *arguments)
{
    int room = START, heats = 0;
    unsigned noise = 1;
    (void)arguments;
    subscribe(TOPIC_HEAT, 1, POLICY_DROP_OLDEST);
    for (;;) {
        receive(TOPIC_HEAT, &heats, sizeof heats, 0, 0);
        room += (heats ? HEAT_PER_SAMPLE : 0) - (room - OUTSIDE) / COOLING;
        noise = noise * 1664525 + 1013904223;
        int sample = room + (int)(noise >> 24) - 128;
        publish(TOPIC_SAMPLE, &sample, sizeof sample, 0);
        sleep(SAMPLE_MS);
    }
}
