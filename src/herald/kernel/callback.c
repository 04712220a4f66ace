#include "callback.h"

#include "console.h"
#include "gdt.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "request.h"
#include "scheduler.h"
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

/* From now on the kernel is entered with this stack pointer. */
static void set_entry(uint64_t stack)
{
    current->kernel_entry = stack; /* first: a switch in between sets the other one from this */
    barrier();
    gdt_set_kernel_stack(stack);
}

int callback_enter(struct trap_frame *frame, struct callback_frame *callback)
{
    struct taken taken;
    if (!begin(&taken))
        return 0;
    struct message *message = taken.message;
    uint32_t topic = message->topic, length = message->length;
    uint64_t data = (frame->rsp - RED_ZONE - length) & ~UINT64_C(15);
    if (copy_to_user(data, message_data(message), length)) {
        message_release(message);
        console_print("process %u (%s) ended: its stack cannot take the message on topic %u\n", current->pid,
                      current->name, topic);
        process_exit(0, EXIT_MEMORY);
    }
    callback->reply = request_token(message);
    message_release(message);

    callback->dropped = taken.dropped;
    callback->cookie = taken.cookie;
    callback->length = length;
    callback->data = data;
    callback->topic = topic;
    callback->rip = taken.callback;
    callback->cs = SELECTOR_USER_CODE;
    callback->rflags = RFLAGS_USER;
    callback->rsp = data - sizeof(uint64_t); /* as if it had been called */
    callback->ss = SELECTOR_USER_DATA;
    current->interrupted = frame;
    set_entry((uint64_t)frame);
    trace(TRACE_CALLBACK_ENTER, 0, topic | (uint64_t)length << 32, current->callback_sequence);
    return 1;
}

/* mutex_lock is held. */
static void wait_for_next(void)
{
    int result = scheduler_block(WAIT_CALLBACK, 0, current->serve_deadline);
    if (result) { /* the time is up, or it was killed: the call serve ends */
        current->serving = 0;
        current->interrupted->rax = (uint64_t)(int64_t)result;
    }
}

void callback_end(void)
{
    current->system_calls++;
    trace(TRACE_SYSCALL_ENTER, SYS_CALLBACK_RETURN, 0, 0);
    trace(TRACE_CALLBACK_RETURN, 0, current->callback_topic, current->callback_sequence);
    mutex_acquire(&mutex_lock);
    current->in_callback = 0;
    if (current->mailbox.callback_count)
        current->return_work |= RETURN_CALLBACK;
    else if (current->serving)
        wait_for_next();
    mutex_release(&mutex_lock);
    set_entry(current->kernel_stack + KERNEL_STACK_SIZE);
    trace(TRACE_SYSCALL_EXIT, SYS_CALLBACK_RETURN, current->interrupted->rax, 0);
}
