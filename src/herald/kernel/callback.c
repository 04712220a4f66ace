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

/* From now on the kernel is entered with this stack pointer. */
static inline void set_entry(uint64_t stack)
{
    current->kernel_entry = stack; /* first: a switch in between sets the other one from this */
    barrier();
    gdt_set_kernel_stack(stack);
}

static _Noreturn void no_stack(struct message *message)
{
    uint32_t topic = message->topic;
    message_release(message);
    console_print("process %u (%s) ended: its stack cannot take the message on topic %u\n", current->pid, current->name,
                  topic);
    process_exit(0, EXIT_MEMORY);
}

/*
 * Takes the next callback off the mailbox and marks the process as being in it. Returns 0 when there is nothing to
 * enter.
 */
static inline int begin(struct process *process, struct taken *taken)
{
    mutex_acquire(&mutex_lock);
    process->return_work &= ~(uint32_t)RETURN_CALLBACK;
    int found = !process->in_callback && mailbox_take_callback(process, taken);
    if (found) {
        process->in_callback = 1;
        process->callback_topic = taken->message->topic;
        process->callback_sequence = taken->message->sequence;
    }
    mutex_release(&mutex_lock);
    return found;
}

/* Puts the message onto the user's stack and fills `callback`. `frame` is what it interrupts, and stays where it is. */
static inline int enter(struct trap_frame *frame, struct callback_frame *callback)
{
    struct process *process = current;
    struct taken taken;
    if (!begin(process, &taken))
        return 0;
    struct message *message = taken.message;
    uint32_t topic = message->topic, length = message->length;
    uint64_t data = (frame->rsp - RED_ZONE - length) & ~UINT64_C(15);
    if (copy_to_user(data, message_data(message), length))
        no_stack(message);
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
    process->interrupted = frame;
    set_entry((uint64_t)frame);
    trace(TRACE_CALLBACK_ENTER, 0, topic | (uint64_t)length << 32, process->callback_sequence);
    return 1;
}

int process_return(struct trap_frame *frame, struct callback_frame *callback)
{
    struct process *process = current;
    int entered = 0;
    for (;;) {
        uint32_t work = process->return_work;
        if (work & RETURN_CONDEMNED) {
            interrupts_on();
            process_exit(0, EXIT_KILLED);
        }
        if (work & RETURN_CALLBACK) {
            interrupts_on();
            entered |= enter(frame, callback);
        }
        interrupts_off();
        if (!process->return_work)
            break;
    }
    if (entered || process->in_callback)
        return entered;
    if (process->serving) { /* the time is up: the call serve ends */
        process->serving = 0;
        frame->rax = (uint64_t)(int64_t)process->wake_result;
    }
    set_entry(process->kernel_stack + KERNEL_STACK_SIZE);
    return 0;
}

void callback_end(void)
{
    struct process *process = current;
    process->system_calls++;
    trace(TRACE_SYSCALL_ENTER, SYS_CALLBACK_RETURN, 0, 0);
    trace(TRACE_CALLBACK_RETURN, 0, process->callback_topic, process->callback_sequence);
    trace(TRACE_SYSCALL_EXIT, SYS_CALLBACK_RETURN, process->interrupted->rax, 0);
    mutex_acquire(&mutex_lock);
    process->in_callback = 0;
    if (process->mailbox.callback_count)
        process->return_work |= RETURN_CALLBACK;
    else if (process->serving && !(process->flags & FLAG_CONDEMNED))
        scheduler_wait_here(process->kernel_entry - sizeof(uint64_t), process->serve_deadline);
    mutex_release(&mutex_lock);
}
