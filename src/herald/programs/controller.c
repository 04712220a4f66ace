/* Decides whether to heat: below the wanted temperature yes, above it no, and close to it as before. */
#include "herald.h"
#include "thermostat.h"

#define CLOSE 200

static int wanted = SETPOINT_DEFAULT * 1000;

static void set_wanted(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    char text[16];
    long degrees;
    (void)topic, (void)cookie, (void)dropped;
    memcpy(text, data, length < sizeof text ? length : sizeof text - 1);
    text[length < sizeof text ? length : sizeof text - 1] = 0;
    if (text_number(text, &degrees) || degrees < 5 || degrees > 30) {
        print("controller: the wanted temperature must be from 5 to 30 degrees\n");
        return;
    }
    wanted = (int)degrees * 1000;
    print("controller: %ld degrees are wanted\n", degrees);
}

int main(const char *arguments)
{
    struct subscribe_options replay = {.depth = 1, .flags = SUBSCRIBE_REPLAY};
    int temperature, heating = 0;
    (void)arguments;
    subscribe(TOPIC_TEMPERATURE, 0, POLICY_DROP_OLDEST);
    subscribe_with(TOPIC_SETPOINT, set_wanted, &replay); /* what was wanted before we began, too */
    for (;;) {
        if (receive(TOPIC_TEMPERATURE, &temperature, sizeof temperature, FOREVER, 0))
            continue;
        if (temperature < wanted - CLOSE)
            heating = 1;
        if (temperature > wanted + CLOSE)
            heating = 0;
        publish(TOPIC_HEATING, &heating, sizeof heating, 0);
    }
}
