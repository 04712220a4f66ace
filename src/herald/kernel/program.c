#include "program.h"

#include "console.h"
#include "format.h"
#include "fs.h"
#include "heap.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "notify.h"
#include "process.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"

#define VECTOR_INVALID_OPCODE 6

void process_begin_program(void); /* trap.S */

int64_t scheduler_addtask(const struct Program *program, const char *name)
{
    int result;
    if (program->len < 1 || program->len > MAX_PROGRAM_LEN || program->ip < 0 || program->ip > program->len)
        return -ENOEXEC;
    struct process *process = process_create(name, KIND_PROGRAM, &result);
    if (!process)
        return result;
    process->program = heap_allocate(sizeof *program);
    if (!process->program) {
        process_abandon(process);
        return -ENOMEM;
    }
    *process->program = *program;
    struct trap_frame unused = {0};
    return process_ready(process, process_begin_program, &unused);
}

int64_t program_load(const struct directory_entry *file)
{
    struct Program *program = heap_allocate(sizeof *program);
    if (!program)
        return -ENOMEM;
    int64_t result;
    if (file->length != sizeof *program)
        result = -ENOEXEC;
    else if (fs_read(file, 0, program, sizeof *program) != (long)sizeof *program)
        result = -EIO;
    else
        result = scheduler_addtask(program, file->name);
    heap_free(program);
    return result;
}

/* Ends the Program for a mistake in its instruction `at`. */
static _Noreturn void mistake(int at, const char *what)
{
    trace(TRACE_FAULT, VECTOR_INVALID_OPCODE, at, 0);
    console_print("process %u (%s) ended: instruction %d: %s\n", current->pid, current->name, at, what);
    process_exit(VECTOR_INVALID_OPCODE, EXIT_FAULT);
}

/* ---- operands ---- */

struct instruction {
    int at;         /* its own index */
    unsigned code;  /* operation */
    unsigned a, b;  /* operands as they stand */
};

static int *variable(struct Program *p, const struct instruction *i, unsigned operand)
{
    if (operand < (unsigned)p->len || operand >= MAX_PROGRAM_LEN)
        mistake(i->at, "no such variable");
    return &p->data[operand];
}

static int label(const struct Program *p, const struct instruction *i, unsigned operand)
{
    if (operand >= (unsigned)p->len)
        mistake(i->at, "no such label");
    return (int)operand;
}

static const char *text(const struct Program *p, const struct instruction *i, unsigned operand)
{
    if (operand < (unsigned)p->len || operand >= MAX_PROGRAM_LEN)
        mistake(i->at, "no such text");
    const char *start = (const char *)&p->data[operand];
    size_t room = (MAX_PROGRAM_LEN - operand) * sizeof p->data[0];
    if (strnlen(start, room) == room)
        mistake(i->at, "the text has no end");
    return start;
}

static int number(unsigned operand)
{
    return (int)(operand << 20) >> 20; /* 12 bits, signed */
}

static uint32_t topic(struct Program *p, const struct instruction *i, unsigned operand)
{
    uint32_t id = (uint32_t)*variable(p, i, operand);
    if (id == TOPIC_ANY)
        mistake(i->at, "no such topic");
    return id;
}

/* ---- the operations that need the rest of the kernel ---- */

/* Writes a line with the text, and the value if there is one, in one piece. */
static void say(const char *text, const int *value)
{
    char line[sizeof(struct Program) + 64]; /* the longest text fits */
    size_t length = format(line, sizeof line, "Process %u: %s", current->pid, text);
    length += value ? format(line + length, sizeof line - length, " %d\n", *value)
                    : format(line + length, sizeof line - length, "\n");
    console_write(line, length);
}

static void sleep_ms(const struct instruction *i, int ms)
{
    if (ms < 0)
        mistake(i->at, "negative time");
    mutex_acquire(&mutex_lock);
    scheduler_block(WAIT_SLEEP, 0, scheduler_deadline((uint64_t)ms));
    mutex_release(&mutex_lock);
}

static void publish(const struct instruction *i, uint32_t id, int value)
{
    if (id < TOPIC_RESERVED || id >= TOPIC_PRIVATE)
        mistake(i->at, "the topic is reserved");
    struct message *message = message_allocate(id, sizeof value);
    if (!message)
        mistake(i->at, "out of memory");
    memcpy(message_data(message), &value, sizeof value);
    notify_publish(message, 0);
}

static void subscribe(const struct instruction *i, uint32_t id, int callback)
{
    struct subscribe_options options = {0};
    if (id >= TOPIC_PRIVATE || topic_subscribe(id, (uint64_t)callback + 1, &options))
        mistake(i->at, "cannot subscribe");
}

static void wait_for_callback(const struct instruction *i)
{
    mutex_acquire(&mutex_lock);
    if (!current->in_callback && current->mailbox.callback_count == 0)
        scheduler_block(WAIT_CALLBACK, 0, 0);
    mutex_release(&mutex_lock);
    if (current->in_callback)
        mistake(i->at, "wait in a callback");
}

/* Between two instructions: if a message waits for a callback and none is running, the Program goes on there. */
static void enter_callback(struct Program *p)
{
    struct taken taken;
    mutex_acquire(&mutex_lock);
    current->return_work &= ~(uint32_t)(RETURN_CALLBACK | RETURN_TRACED);
    struct delivery *slot = current->in_callback ? 0 : mailbox_first_callback(current);
    if (slot) {
        mailbox_take_slot(slot, &taken);
        struct message *message = taken.message;
        size_t size = message->length < sizeof(int) ? message->length : sizeof(int);
        current->in_callback = 1;
        current->callback_topic = message->topic;
        current->callback_sequence = message->sequence;
        current->callback_resume = p->ip;
        current->callback_value = 0;
        memcpy(&current->callback_value, message_data(message), size);
        p->ip = (int)(taken.callback - 1);
        trace(TRACE_CALLBACK_ENTER, 0, message->topic | (uint64_t)message->length << 32, message->sequence);
        message_release(message);
    }
    mutex_release(&mutex_lock);
}

static void leave_callback(struct Program *p, const struct instruction *i)
{
    if (!current->in_callback)
        mistake(i->at, "return outside a callback");
    trace(TRACE_CALLBACK_RETURN, 0, current->callback_topic, current->callback_sequence);
    mutex_acquire(&mutex_lock);
    current->in_callback = 0;
    if (current->mailbox.callback_count)
        current->return_work |= RETURN_CALLBACK;
    mutex_release(&mutex_lock);
    p->ip = current->callback_resume;
}

/* ---- the interpreter ---- */

static int divide(const struct instruction *i, int a, int b, int remainder)
{
    if (b == 0)
        mistake(i->at, "division by zero");
    if (b == -1) /* the one quotient that does not fit */
        return remainder ? 0 : (int)-(unsigned)a;
    return remainder ? a % b : a / b;
}

/* Executes one instruction; p->ip already points behind it. Arithmetic wraps around. */
static void execute(struct Program *p, const struct instruction *i)
{
    int *a;
    switch (i->code) {
    case OP_SET:
        *variable(p, i, i->a) = number(i->b);
        break;
    case OP_COPY:
        *variable(p, i, i->a) = *variable(p, i, i->b);
        break;
    case OP_ADD:
        a = variable(p, i, i->a);
        *a = (int)((unsigned)*a + (unsigned)*variable(p, i, i->b));
        break;
    case OP_SUBTRACT:
        a = variable(p, i, i->a);
        *a = (int)((unsigned)*a - (unsigned)*variable(p, i, i->b));
        break;
    case OP_MULTIPLY:
        a = variable(p, i, i->a);
        *a = (int)((unsigned)*a * (unsigned)*variable(p, i, i->b));
        break;
    case OP_DIVIDE:
        a = variable(p, i, i->a);
        *a = divide(i, *a, *variable(p, i, i->b), 0);
        break;
    case OP_MODULO:
        a = variable(p, i, i->a);
        *a = divide(i, *a, *variable(p, i, i->b), 1);
        break;
    case OP_INCREASE:
        a = variable(p, i, i->a);
        *a = (int)((unsigned)*a + (unsigned)number(i->b));
        break;
    case OP_COMPARE: {
        int left = *variable(p, i, i->a), right = *variable(p, i, i->b);
        current->compare = (left > right) - (left < right);
        break;
    }
    case OP_JUMP:
        p->ip = label(p, i, i->a);
        break;
    case OP_JUMP_EQUAL:
        if (current->compare == 0)
            p->ip = label(p, i, i->a);
        break;
    case OP_JUMP_UNEQUAL:
        if (current->compare != 0)
            p->ip = label(p, i, i->a);
        break;
    case OP_JUMP_LESS:
        if (current->compare < 0)
            p->ip = label(p, i, i->a);
        break;
    case OP_JUMP_GREATER:
        if (current->compare > 0)
            p->ip = label(p, i, i->a);
        break;
    case OP_LOOP:
        a = variable(p, i, i->a);
        *a = (int)((unsigned)*a - 1);
        if (*a != 0)
            p->ip = label(p, i, i->b);
        break;
    case OP_SAY:
        say(text(p, i, i->a), 0);
        break;
    case OP_SHOW:
        say(text(p, i, i->a), variable(p, i, i->b));
        break;
    case OP_SLEEP:
        sleep_ms(i, number(i->a));
        break;
    case OP_SLEEP_FOR:
        sleep_ms(i, *variable(p, i, i->a));
        break;
    case OP_YIELD:
        scheduler_yield();
        break;
    case OP_PUBLISH:
        publish(i, topic(p, i, i->a), *variable(p, i, i->b));
        break;
    case OP_SUBSCRIBE:
        subscribe(i, topic(p, i, i->a), label(p, i, i->b));
        break;
    case OP_UNSUBSCRIBE:
        if (topic_unsubscribe(topic(p, i, i->a)))
            mistake(i->at, "not subscribed");
        break;
    case OP_WAIT:
        wait_for_callback(i);
        break;
    case OP_TAKE:
        *variable(p, i, i->a) = current->callback_value;
        break;
    case OP_RETURN:
        leave_callback(p, i);
        break;
    case OP_EXIT:
        process_exit(number(i->a), EXIT_NORMAL);
    case OP_IDENTIFY:
        *variable(p, i, i->a) = (int)current->pid;
        break;
    default:
        mistake(i->at, "no such instruction");
    }
}

void program_run(void)
{
    struct Program *p = current->program;
    for (;;) {
        if (current->return_work) {
            if (current->return_work & RETURN_CONDEMNED)
                process_exit(0, EXIT_KILLED);
            enter_callback(p);
        }
        if (p->ip == p->len)
            process_exit(0, EXIT_NORMAL);
        unsigned word = (unsigned)p->data[p->ip];
        struct instruction instruction = {p->ip, word >> 24, word >> 12 & 0xfff, word & 0xfff};
        p->ip++;
        execute(p, &instruction);
    }
}
