/* Asks on one topic and receives the answer on another. Start pong first. */
#include "demo.h"
#include "herald.h"

#define ROUNDS 5

int main(const char *arguments)
{
    (void)arguments;
    subscribe(TOPIC_PONG, 0, POLICY_DROP_OLDEST);
    for (int round = 1; round <= ROUNDS; round++) {
        int answer;
        publish(TOPIC_PING, &round, sizeof round, 0);
        if (receive(TOPIC_PONG, &answer, sizeof answer, 1000, 0)) {
            print("ping %d: nobody answers\n", round);
            return 1;
        }
        print("ping %d: pong %d\n", round, answer);
    }
    return 0;
}
