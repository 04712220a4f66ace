/* Tries to publish on the kernel's topics. */
#include "herald.h"

int main(const char *arguments)
{
    (void)arguments;
    struct key_event event = {.character = 'x'};
    int result = publish(TOPIC_KEYBOARD, &event, sizeof event, 0);
    print("intruder: publish on the keyboard's topic: %s\n", error_name(result));
    return result != -EPERM;
}
