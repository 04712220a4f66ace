/* Smooths the samples: each counts an eighth. */
#include "herald.h"
#include "thermostat.h"

int main(const char *arguments)
{
    int sample, smooth = 0;
    (void)arguments;
    subscribe(TOPIC_SAMPLE, 0, POLICY_DROP_OLDEST);
    for (;;) {
        if (receive(TOPIC_SAMPLE, &sample, sizeof sample, FOREVER, 0))
            continue;
        smooth = smooth ? smooth + (sample - smooth) / 8 : sample;
        publish(TOPIC_TEMPERATURE, &smooth, sizeof smooth, 0);
    }
}
