#include "broker.h"

static struct {
    struct broker_header header;
    char data[BROKER_MESSAGE_MAX];
} outgoing, incoming;

static int to_broker = -ENOENT; /* handle of the broker's queue */
static int from_broker = -ENOENT;

static int connect(void)
{
    if (to_broker < 0)
        to_broker = queue_open(BROKER_QUEUE);
    return to_broker < 0 ? to_broker : 0;
}

void *broker_buffer(void)
{
    return outgoing.data;
}

int broker_publish(uint32_t topic, const void *data, size_t length)
{
    int result = connect();
    if (result)
        return result;
    if (length > BROKER_MESSAGE_MAX)
        return -EMSGSIZE;
    outgoing.header.operation = BROKER_PUBLISH;
    outgoing.header.topic = topic;
    if (data != outgoing.data)
        memcpy(outgoing.data, data, length);
    return queue_send(to_broker, &outgoing, sizeof outgoing.header + length, FOREVER);
}

static int ask(enum broker_operation operation, uint32_t topic)
{
    struct broker_header header = {operation, topic, BROKER_QUEUE + (uint32_t)getpid(), 0};
    int result = connect();
    if (result == 0 && from_broker < 0) {
        from_broker = queue_create(header.queue, BROKER_DEPTH);
        result = from_broker < 0 ? from_broker : 0;
    }
    return result ? result : queue_send(to_broker, &header, sizeof header, FOREVER);
}

int broker_subscribe(uint32_t topic)
{
    return ask(BROKER_SUBSCRIBE, topic);
}

int broker_unsubscribe(uint32_t topic)
{
    return ask(BROKER_UNSUBSCRIBE, topic);
}

int broker_receive(uint32_t *topic, const void **data, uint64_t timeout_ms)
{
    int length = queue_receive(from_broker, &incoming, sizeof incoming, timeout_ms);
    if (length < 0)
        return length;
    *topic = incoming.header.topic;
    *data = incoming.data;
    return length - (int)sizeof incoming.header;
}
