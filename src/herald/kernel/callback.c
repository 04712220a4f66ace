#include "callback.h"

#include "console.h"
#include "gdt.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "request.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"
#include "user.h"

#define RED_ZONE 128 /* bytes below RSP that a function may be using */
#define RFLAGS_USER 0x202

static _Noreturn void no_stack(struct message *message)
{
    uint32_t topic = message->topic;
    interrupts_on();
    message_release(message);
    console_print("process %u (%s) ended: its stack cannot take the message on topic %u\n", current->pid, current->name,
                  topic);
    process_exit(0, EXIT_MEMORY);
}

/* A slot of a subscription that holds its publishers has become free. */
static __attribute__((noinline)) void wake_holders(struct topic *topic)
{
    interrupts_on();
    mutex_acquire(&mutex_lock);
    topic_wake_holders(topic);
    mutex_release(&mutex_lock);
    interrupts_off();
}

/*
 * Takes the message out of its slot, puts it onto the user's stack and fills `callback`. `frame` is what it interrupts, and
 * stays where it is. Interrupts are off, which is as good as holding mutex_lock, but on while the bytes are copied: the
 * stack may have to grow.
 */
static inline void enter(struct process *process, struct delivery *slot, struct trap_frame *frame,
                         struct callback_frame *callback)
{
    struct subscription *subscription = slot->subscription;
    process->return_work &= ~(uint32_t)RETURN_CALLBACK;
    process->in_callback = 1;
    callback->rip = subscription->callback;
    callback->cookie = subscription->cookie;
    callback->dropped = subscription->dropped;
    subscription->dropped = 0;
    struct message *message = mailbox_empty(slot, process);
    uint32_t length = message->length;
    if (subscription->policy == POLICY_HOLD)
        wake_holders(subscription->topic);
    callback->topic = process->callback_topic = message->topic;
    process->callback_sequence = message->sequence;
    callback->reply = request_token(message);
    callback->length = length;

    interrupts_on();
    uint64_t data = (frame->rsp - RED_ZONE - length) & ~UINT64_C(15);
    callback->data = data;
    callback->rsp = data - sizeof(uint64_t); /* as if it had been called */
    callback->cs = SELECTOR_USER_CODE;
    callback->rflags = RFLAGS_USER;
    callback->ss = SELECTOR_USER_DATA;
    if (copy_to_user(data, message_data(message), length))
        no_stack(message);
    interrupts_off();
    message_release_last(message);
    process->interrupted = frame;
    process->kernel_entry = (uint64_t)frame;
    gdt_set_kernel_stack((uint64_t)frame);
}

/* No callback is to be entered: back to the frame. */
static void leave(struct process *process, struct trap_frame *frame)
{
    if (process->serving) { /* the time is up: the call serve ends */
        process->serving = 0;
        frame->rax = (uint64_t)(int64_t)process->wake_result;
    }
    process->kernel_entry = process->kernel_stack + KERNEL_STACK_SIZE;
    gdt_set_kernel_stack(process->kernel_entry);
}

/* While the bytes were copied the process was killed, or the callback is traced. */
static __attribute__((noinline)) void entered_specially(struct process *process, const struct callback_frame *callback)
{
    if (process->return_work & RETURN_TRACED) {
        process->return_work &= ~(uint32_t)RETURN_TRACED;
        process->in_callback = 2;
        trace(TRACE_CALLBACK_ENTER, 0, callback->topic | callback->length << 32, process->callback_sequence);
    }
    if (process->return_work & RETURN_CONDEMNED) {
        interrupts_on();
        process_exit(0, EXIT_KILLED);
    }
}

int process_return(struct trap_frame *frame, struct callback_frame *callback)
{
    struct process *process = current;
    struct delivery *slot = process->in_callback ? 0 : mailbox_first_callback(process);
    if (process->return_work & RETURN_CONDEMNED) {
        interrupts_on();
        process_exit(0, EXIT_KILLED);
    }
    if (slot) {
        enter(process, slot, frame, callback);
        if (process->return_work)
            entered_specially(process, callback);
        return 1;
    }
    process->return_work &= ~(uint32_t)(RETURN_CALLBACK | RETURN_TRACED);
    if (!process->in_callback)
        leave(process, frame);
    return 0;
}

void callback_end_traced(void)
{
    struct process *process = current;
    trace(TRACE_SYSCALL_ENTER, SYS_CALLBACK_RETURN, 0, 0);
    trace(TRACE_CALLBACK_RETURN, 0, process->callback_topic, process->callback_sequence);
    trace(TRACE_SYSCALL_EXIT, SYS_CALLBACK_RETURN, process->interrupted->rax, 0);
    if (trace_any(TRACE_OF_CALLBACKS))
        process->return_work |= RETURN_TRACED;
    callback_end();
}

void callback_end(void)
{
    struct process *process = current;
    process->system_calls++;
    process->in_callback = 0;
    if (process->mailbox.callback_count == 0 && process->serving && !(process->flags & FLAG_CONDEMNED))
        scheduler_wait_here(process->kernel_entry - sizeof(uint64_t), process->serve_deadline);
}
