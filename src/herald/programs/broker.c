/*
 * The broker: a process that keeps the table of topics and subscribers, and passes each message on. It takes what waits
 * without going to sleep in between, and sends from the buffer it received into: no copy of its own.
 */
#include "broker.h"
#include "hash.h"

#define BUCKET_BITS 6
#define SUBSCRIBERS_MAX 256

static struct subscriber {
    struct subscriber *next; /* of the same bucket, in order of subscription; or of the free ones */
    uint32_t topic;
    uint32_t number; /* of its queue */
    int queue;       /* handle */
} subscribers[SUBSCRIBERS_MAX], *unused, *buckets[1 << BUCKET_BITS];

static struct {
    struct broker_header header;
    char data[BROKER_MESSAGE_MAX];
} message;

static struct subscriber **find(uint32_t topic, uint32_t number)
{
    struct subscriber **link = &buckets[hash_bucket(topic, BUCKET_BITS)];
    while (*link && ((*link)->topic != topic || (*link)->number != number))
        link = &(*link)->next;
    return link;
}

static void subscribe_queue(uint32_t topic, uint32_t number)
{
    struct subscriber **link = find(topic, number);
    int queue = queue_open(number);
    if (*link || !unused || queue < 0)
        return;
    struct subscriber *subscriber = unused;
    unused = subscriber->next;
    *subscriber = (struct subscriber){0, topic, number, queue};
    *link = subscriber;
}

static void remove(struct subscriber **link)
{
    struct subscriber *subscriber = *link;
    *link = subscriber->next;
    subscriber->next = unused;
    unused = subscriber;
}

/* A full queue holds the broker, as the hold policy holds a publisher; after a second its subscription ends. */
static void pass_on(uint32_t topic, size_t length)
{
    struct subscriber **link = &buckets[hash_bucket(topic, BUCKET_BITS)];
    while (*link) {
        if ((*link)->topic == topic && queue_send((*link)->queue, &message, length, 1000) < 0)
            remove(link);
        else
            link = &(*link)->next;
    }
}

int main(const char *arguments)
{
    (void)arguments;
    int queue = queue_create(BROKER_QUEUE, BROKER_DEPTH);
    if (queue < 0) {
        print("broker: %s\n", error_name(queue));
        return 1;
    }
    for (unsigned i = 0; i < SUBSCRIBERS_MAX; i++) {
        subscribers[i].next = unused;
        unused = &subscribers[i];
    }
    service_ready();
    for (;;) {
        int length = queue_receive(queue, &message, sizeof message, FOREVER);
        if (length < (int)sizeof message.header)
            continue;
        const struct broker_header *header = &message.header;
        if (header->operation == BROKER_PUBLISH)
            pass_on(header->topic, (size_t)length);
        else if (header->operation == BROKER_SUBSCRIBE)
            subscribe_queue(header->topic, header->queue);
        else if (*find(header->topic, header->queue))
            remove(find(header->topic, header->queue));
    }
}
