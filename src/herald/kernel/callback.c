#include "callback.h"

#include "console.h"
#include "gdt.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "trace.h"
#include "user.h"

#define RED_ZONE 128 /* bytes below RSP that a function may be using */
#define RFLAGS_USER 0x202

/*
 * Takes the next callback off the mailbox and marks the process as being in it. Returns 0 when there is nothing to
 * enter.
 */
static int begin(struct taken *taken)
{
    mutex_acquire(&mutex_lock);
    current->return_work &= ~(uint32_t)RETURN_CALLBACK;
    int found = !current->in_callback && mailbox_take_callback(taken);
    if (found) {
        current->in_callback = 1;
        current->callback_topic = taken->message->topic;
        current->callback_sequence = taken->message->sequence;
    }
    mutex_release(&mutex_lock);
    return found;
}

void callback_enter(struct trap_frame *frame)
{
    struct taken taken;
    if (!begin(&taken))
        return;
    struct message *message = taken.message;
    uint64_t data = (frame->rsp - RED_ZONE - message->length) & ~UINT64_C(15);
    int failed = copy_to_user(data, message_data(message), message->length);
    uint32_t topic = message->topic, length = message->length;

    mutex_acquire(&mutex_lock);
    message_release(message);
    mutex_release(&mutex_lock);
    if (failed) {
        console_print("process %u (%s) ended: its stack cannot take the message on topic %u\n", current->pid,
                      current->name, topic);
        process_exit(0, EXIT_MEMORY);
    }

    current->interrupted = *frame;
    *frame = (struct trap_frame){
        .rip = taken.callback,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_USER,
        .rsp = data - sizeof(uint64_t), /* as if it had been called */
        .ss = SELECTOR_USER_DATA,
        .rdi = topic,
        .rsi = data,
        .rdx = length,
        .rcx = taken.cookie,
        .r8 = taken.dropped,
    };
    trace(TRACE_CALLBACK_ENTER, 0, topic | (uint64_t)length << 32, current->callback_sequence);
}

int64_t callback_return(struct trap_frame *frame)
{
    if (!current->in_callback)
        return -EINVAL;
    trace(TRACE_CALLBACK_RETURN, 0, current->callback_topic, current->callback_sequence);
    mutex_acquire(&mutex_lock);
    *frame = current->interrupted;
    current->in_callback = 0;
    current->return_work |= RETURN_FRAME | (current->mailbox.callback_count ? RETURN_CALLBACK : 0);
    mutex_release(&mutex_lock);
    return (int64_t)frame->rax;
}
