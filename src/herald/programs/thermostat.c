/*
 * thermostat [stop]: starts the services of the thermostat, and starts again whichever ends. They know topics and not
 * each other, so while one is away the others go on.
 */
#include "herald.h"

#define RESTART_MS 3000

static struct service {
    const char *name;
    process_t process; /* 0: it has ended and will be started again */
} services[] = {{"logger", 0}, {"alarm", 0}, {"heater", 0}, {"controller", 0}, {"filter", 0}, {"thermometer", 0}};

#define SERVICES (sizeof services / sizeof services[0])

static void start(struct service *service)
{
    process_t process = spawn(service->name, 0);
    service->process = process < 0 ? 0 : process;
    if (process < 0)
        print("thermostat: %s cannot be started: %s\n", service->name, error_name(process));
}

static void note_end(const struct process_event *event)
{
    for (struct service *service = services; service < services + SERVICES; service++) {
        if ((uint32_t)service->process != event->pid || (uint32_t)(service->process >> 32) != event->generation)
            continue;
        print("thermostat: %s has ended; it starts again in %d seconds\n", service->name, RESTART_MS / 1000);
        service->process = 0;
    }
}

static int any_missing(void)
{
    for (unsigned i = 0; i < SERVICES; i++)
        if (!services[i].process)
            return 1;
    return 0;
}

static void restart_missing(void)
{
    for (unsigned i = 0; i < SERVICES; i++) {
        if (services[i].process)
            continue;
        start(&services[i]);
        print("thermostat: %s is started again as process %u\n", services[i].name, (uint32_t)services[i].process);
    }
}

/* Ends a thermostat that runs: first the one that starts services again, then these. */
static int stop(void)
{
    static struct process_info list[MAX_PROCESSES];
    int count = process_list(list, MAX_PROCESSES);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < count; i++) {
            int mine = round == 0 && strcmp(list[i].name, "thermostat") == 0 && list[i].pid != (uint32_t)getpid();
            for (unsigned s = 0; round == 1 && s < SERVICES; s++)
                mine |= strcmp(list[i].name, services[s].name) == 0;
            if (mine)
                kill((int64_t)((uint64_t)list[i].generation << 32 | list[i].pid));
        }
    }
    return 0;
}

int main(const char *arguments)
{
    if (strcmp(arguments, "stop") == 0)
        return stop();
    subscribe(TOPIC_PROCESS_EXITED, 32, POLICY_DROP_OLDEST);
    for (unsigned i = 0; i < SERVICES; i++)
        start(&services[i]);
    spawn("intruder", 0);
    for (;;) {
        struct process_event event;
        int result = receive(TOPIC_PROCESS_EXITED, &event, sizeof event, any_missing() ? RESTART_MS : FOREVER, 0);
        if (result == 0)
            note_end(&event);
        else if (result == -ETIMEDOUT)
            restart_missing();
    }
}
