/*
 * Numbered messages. Worker n alone publishes on its topic, from 0 on. A reader knows what number must come: one more
 * than the last, and one more for each message that receive says was dropped. Nothing else may happen, whatever is
 * done at the same time to the kernel. (Where the newest gives way, a drop is told with the next message taken, which
 * came before it: then what is missing may never be more than what was told.)
 */
#include "fuzz.h"

struct numbered {
    uint64_t publisher; /* which of the processes that were worker n: its start */
    uint64_t number;
    uint64_t check;
};

static unsigned own, streams;
static struct numbered next;
static struct reader {
    int subscribed, any, early;
    uint64_t told; /* early: drops that were told and are not yet missing */
    struct numbered last;
} readers[WORKERS_MAX];

static uint64_t check_of(const struct numbered *message)
{
    return (message->publisher * 31 + message->number) * UINT64_C(0x9e3779b97f4a7c15);
}

void stream_start(unsigned index, unsigned workers)
{
    own = index;
    streams = workers;
    next.publisher = random_number();
}

static void publish_next(void)
{
    next.check = check_of(&next);
    count_call();
    if (publish(TOPIC_STREAM + own, &next, sizeof next, (uint32_t)random_below(2) ? PUBLISH_NONBLOCK : 0) == 0)
        next.number++; /* any error means that nothing was published */
}

static int wrong(unsigned stream, const struct received *received, const struct numbered *message)
{
    struct numbered *last = &readers[stream].last;
    print("fuzz: worker %u: stream %u: number %lu of %lx after %lu of %lx, %lu dropped, %u bytes\n", own, stream,
          message->number, message->publisher, last->number, last->publisher, received->dropped, received->length);
    return ROUND_WRONG;
}

static int receive_next(unsigned stream)
{
    struct reader *reader = &readers[stream];
    struct received received;
    struct numbered message;
    if (receive(TOPIC_STREAM + stream, &message, sizeof message, random_below(16) == 0, &received))
        return 0;
    if (received.length != sizeof message || received.topic != TOPIC_STREAM + stream ||
        message.check != check_of(&message))
        return wrong(stream, &received, &message);
    uint64_t lost = message.number; /* of a new publisher: all that came before */
    int same = reader->any && reader->last.publisher == message.publisher;
    if (same)
        lost = message.number - reader->last.number - 1;
    reader->told += received.dropped;
    if (reader->any && (same && !reader->early ? lost != reader->told : lost > reader->told))
        return wrong(stream, &received, &message);
    if (!reader->early)
        reader->told = 0;
    else if (reader->any)
        reader->told -= lost;
    reader->last = message;
    reader->any = 1;
    return 0;
}

int stream_step(void)
{
    unsigned stream = (unsigned)random_below(streams);
    struct reader *reader = &readers[stream];
    publish_next();
    count_call();
    if (!reader->subscribed) {
        reader->early = random_below(4) == 0;
        reader->told = 0;
        reader->any = 0;
        reader->subscribed = subscribe(TOPIC_STREAM + stream, (uint32_t)random_below(8) + 1,
                                       reader->early ? POLICY_DROP_NEWEST : POLICY_DROP_OLDEST) == 0;
    } else if (random_below(60) == 0) {
        reader->subscribed = unsubscribe(TOPIC_STREAM + stream) != 0;
    } else {
        return receive_next(stream);
    }
    return 0;
}
