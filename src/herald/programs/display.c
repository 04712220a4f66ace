/*
 * Shows the sensor's readings: display [COUNT] receives so many (10 unless told, 0 for ever), and gives up when none
 * comes for 2 seconds.
 */
#include "demo.h"
#include "herald.h"

#define PATIENCE_MS 2000

int main(const char *arguments)
{
    long count = 10;
    if (*arguments && (text_number(arguments, &count) || count < 0)) {
        print("display [COUNT]\n");
        return 1;
    }
    subscribe(TOPIC_READING, 0, POLICY_DROP_OLDEST);
    for (long i = 0; count == 0 || i < count; i++) {
        unsigned tenths;
        if (receive(TOPIC_READING, &tenths, sizeof tenths, PATIENCE_MS, 0)) {
            print("display: no reading\n");
            return 1;
        }
        print("display: %u.%u degrees\n", tenths / 10, tenths % 10);
    }
    return 0;
}
