/* Writes down the temperature once a second. */
#include "herald.h"
#include "thermostat.h"

#define EVERY (1000 / SAMPLE_MS)

int main(const char *arguments)
{
    int temperature;
    (void)arguments;
    subscribe(TOPIC_TEMPERATURE, 0, POLICY_DROP_OLDEST);
    for (unsigned n = 0;; n++)
        if (receive(TOPIC_TEMPERATURE, &temperature, sizeof temperature, FOREVER, 0) == 0 && n % EVERY == 0)
            print("logger: " DEGREES " degrees\n", DEGREES_OF(temperature));
}
