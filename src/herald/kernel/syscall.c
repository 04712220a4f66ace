#include "syscall.h"

#include "callback.h"
#include "console.h"
#include "frame.h"
#include "fs.h"
#include "gdt.h"
#include "heap.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "notify.h"
#include "process.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"
#include "user.h"
#include "vm.h"

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define EFER_LONG_MODE_SYSCALL_NX 0x901
#define FLAGS_CLEARED 0x47700 /* AC, NT, IOPL, DF, IF, TF, and so on: the kernel starts with none of the user's */

extern char syscall_entry[];

void syscall_start(void)
{
    write_msr(MSR_EFER, EFER_LONG_MODE_SYSCALL_NX);
    write_msr(MSR_STAR, (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
    write_msr(MSR_FMASK, FLAGS_CLEARED);
}

/* Each call gets the frame with its arguments in rdi, rsi, rdx, r10, r8. */

static int64_t call_exit(struct trap_frame *f)
{
    process_exit((int)f->rdi, EXIT_NORMAL);
}

static int64_t call_write(struct trap_frame *f)
{
    char text[WRITE_MAX];
    if (f->rsi > WRITE_MAX)
        return -EMSGSIZE;
    if (copy_from_user(text, f->rdi, f->rsi))
        return -EFAULT;
    console_write(text, f->rsi);
    return (int64_t)f->rsi;
}

static int64_t call_yield(struct trap_frame *f)
{
    (void)f;
    scheduler_yield();
    return 0;
}

static int64_t call_sleep(struct trap_frame *f)
{
    mutex_acquire(&mutex_lock);
    int result = scheduler_block(WAIT_SLEEP, 0, scheduler_deadline(f->rdi));
    mutex_release(&mutex_lock);
    return result == -ETIMEDOUT ? 0 : result;
}

static int64_t call_getpid(struct trap_frame *f)
{
    (void)f;
    return current_pid;
}

static int64_t call_spawn(struct trap_frame *f)
{
    char name[NAME_SIZE];
    char arguments[ARGUMENT_SIZE] = "";
    long length = copy_text_from_user(name, f->rdi, sizeof name);
    if (length < 0)
        return length;
    if (f->rsi && (length = copy_text_from_user(arguments, f->rsi, sizeof arguments)) < 0)
        return length;
    return process_spawn(name, arguments);
}

static int64_t call_wait(struct trap_frame *f)
{
    int status = 0;
    if (f->rsi && user_check_writable(f->rsi, sizeof status))
        return -EFAULT;
    int result = process_wait(f->rdi, f->rdx, &status);
    if (result == 0 && f->rsi)
        return copy_to_user(f->rsi, &status, sizeof status);
    return result;
}

static int64_t call_kill(struct trap_frame *f)
{
    return process_kill(f->rdi);
}

static int64_t call_publish(struct trap_frame *f)
{
    uint32_t topic = (uint32_t)f->rdi;
    if (f->rdi >= TOPIC_ANY || (f->r10 & ~(uint64_t)PUBLISH_NONBLOCK))
        return -EINVAL;
    if (f->rdx > MESSAGE_MAX)
        return -EMSGSIZE;
    if (topic < TOPIC_RESERVED && !(current->flags & FLAG_SYSTEM))
        return -EPERM;
    struct message *message = message_allocate(topic, (uint32_t)f->rdx);
    if (!message)
        return -ENOMEM;
    if (copy_from_user(message_data(message), f->rsi, f->rdx)) {
        message_release(message);
        return -EFAULT;
    }
    return notify_publish(message, (uint32_t)f->r10);
}

static int64_t call_subscribe(struct trap_frame *f)
{
    struct subscribe_options options = {0};
    if (f->rdi >= TOPIC_ANY)
        return -EINVAL;
    if (f->rdx && copy_from_user(&options, f->rdx, sizeof options))
        return -EFAULT;
    if (f->rsi && !user_is_executable(f->rsi))
        return -EFAULT;
    return topic_subscribe((uint32_t)f->rdi, f->rsi, &options);
}

static int64_t call_unsubscribe(struct trap_frame *f)
{
    return f->rdi >= TOPIC_ANY ? -EINVAL : topic_unsubscribe((uint32_t)f->rdi);
}

/* Waits for the next message of `topic`. Returns 0 and the message with its reference, or an error. */
static int wait_for_message(uint32_t topic, uint64_t timeout_ms, struct taken *taken)
{
    int result = 0;
    mutex_acquire(&mutex_lock);
    uint64_t deadline = scheduler_deadline(timeout_ms);
    while (!mailbox_take(topic, taken)) {
        result = timeout_ms == 0 ? -EAGAIN : scheduler_block(WAIT_RECEIVE, topic, deadline);
        if (result)
            break;
    }
    mutex_release(&mutex_lock);
    return result;
}

/* The buffers are checked before a message is taken, so that none is lost to a bad pointer. */
static int64_t call_receive(struct trap_frame *f)
{
    struct taken taken;
    if (f->rdi > TOPIC_ANY)
        return -EINVAL;
    uint64_t size = f->rdx < MESSAGE_MAX ? f->rdx : MESSAGE_MAX;
    if (user_check_writable(f->rsi, size) || (f->r8 && user_check_writable(f->r8, sizeof(struct received))))
        return -EFAULT;
    int result = wait_for_message((uint32_t)f->rdi, f->r10, &taken);
    if (result)
        return result;

    struct message *message = taken.message;
    struct received received = {.topic = message->topic, .length = message->length, .dropped = taken.dropped};
    trace(TRACE_RECEIVE, 0, received.topic | (uint64_t)received.length << 32, message->sequence);
    result = copy_to_user(f->rsi, message_data(message), received.length < size ? received.length : size);
    if (result == 0 && f->r8)
        result = copy_to_user(f->r8, &received, sizeof received);
    mutex_acquire(&mutex_lock);
    message_release(message);
    mutex_release(&mutex_lock);
    return result;
}

static int64_t call_pause(struct trap_frame *f)
{
    mutex_acquire(&mutex_lock);
    int result = current->in_callback ? -EINVAL : scheduler_block(WAIT_CALLBACK, 0, scheduler_deadline(f->rdi));
    mutex_release(&mutex_lock);
    return result;
}

static int64_t call_process_list(struct trap_frame *f)
{
    uint32_t count = f->rsi < MAX_PROCESSES ? (uint32_t)f->rsi : MAX_PROCESSES;
    struct process_info *list = heap_allocate(count * sizeof *list);
    if (!list)
        return -ENOMEM;
    count = process_list(list, count);
    int result = copy_to_user(f->rdi, list, count * sizeof *list);
    heap_free(list);
    return result ? result : (int64_t)count;
}

static int64_t call_topic_list(struct trap_frame *f)
{
    uint32_t count = f->rsi < MAX_TOPICS ? (uint32_t)f->rsi : MAX_TOPICS;
    struct topic_info *list = heap_allocate(count * sizeof *list);
    if (!list)
        return -ENOMEM;
    count = topic_list(list, count);
    int result = copy_to_user(f->rdi, list, count * sizeof *list);
    heap_free(list);
    return result ? result : (int64_t)count;
}

static int64_t call_memory_info(struct trap_frame *f)
{
    mutex_acquire(&mutex_lock);
    struct memory_info info = {
        .memory_frames = frame_allocator.memory_frames,
        .free_frames = frame_allocator.free_count,
        .heap_mapped = heap.mapped - HEAP_BASE,
        .heap_used = heap.used_bytes,
        .heap_blocks = heap.used_blocks,
        .topics = topic_table.topic_count,
        .subscriptions = topic_table.subscription_count,
        .notifications = notify_queue.count,
        .kernel_messages_free = message_kernel_free(),
    };
    mutex_release(&mutex_lock);
    return copy_to_user(f->rdi, &info, sizeof info);
}

static int64_t call_quantum(struct trap_frame *f)
{
    int result = 0;
    mutex_acquire(&mutex_lock);
    if (f->rdi)
        result = scheduler_set_quantum(f->rdi);
    uint64_t quantum = scheduler.quantum_us;
    mutex_release(&mutex_lock);
    return result ? result : (int64_t)quantum;
}

static int64_t call_shutdown(struct trap_frame *f)
{
    (void)f;
    console_print("power off\n");
    power_off();
}

static int64_t call_grow(struct trap_frame *f)
{
    uint64_t old = current->heap_end;
    if (f->rdi > USER_HEAP_LIMIT || old + f->rdi > current->heap_start + USER_HEAP_LIMIT)
        return -ENOMEM;
    uint64_t end = old + f->rdi;
    for (uint64_t page = (old + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1); page < end; page += PAGE_SIZE) {
        phys_t frame = frame_allocate(FRAME_USER_HEAP, current->pid);
        if (!frame)
            return -ENOMEM;
        int result = vm_map(current->page_root, page, frame, VM_USER | VM_WRITE, current->pid);
        if (result)
            frame_free(frame);
        if (result && result != -EEXIST) /* it exists after an earlier call that ran out of memory */
            return result;
    }
    current->heap_end = end;
    return (int64_t)old;
}

static int64_t call_read_file(struct trap_frame *f)
{
    char name[NAME_SIZE];
    char piece[SECTOR_SIZE];
    long result = copy_text_from_user(name, f->rdi, sizeof name);
    if (result < 0)
        return result;
    const struct directory_entry *file = fs_find(name);
    if (!file)
        return -ENOENT;
    uint64_t done = 0;
    while (done < f->r10) {
        uint64_t part = f->r10 - done < sizeof piece ? f->r10 - done : sizeof piece;
        result = fs_read(file, f->rsi + done, piece, part);
        if (result <= 0)
            break;
        if (copy_to_user(f->rdx + done, piece, (size_t)result))
            return -EFAULT;
        done += (uint64_t)result;
    }
    return result < 0 ? result : (int64_t)done;
}

typedef int64_t system_call_function(struct trap_frame *frame);

static system_call_function *const calls[] = {
    [SYS_EXIT] = call_exit,
    [SYS_WRITE] = call_write,
    [SYS_YIELD] = call_yield,
    [SYS_SLEEP] = call_sleep,
    [SYS_GETPID] = call_getpid,
    [SYS_SPAWN] = call_spawn,
    [SYS_WAIT] = call_wait,
    [SYS_KILL] = call_kill,
    [SYS_PUBLISH] = call_publish,
    [SYS_SUBSCRIBE] = call_subscribe,
    [SYS_UNSUBSCRIBE] = call_unsubscribe,
    [SYS_RECEIVE] = call_receive,
    [SYS_CALLBACK_RETURN] = callback_return,
    [SYS_PAUSE] = call_pause,
    [SYS_PROCESS_LIST] = call_process_list,
    [SYS_TOPIC_LIST] = call_topic_list,
    [SYS_MEMORY_INFO] = call_memory_info,
    [SYS_QUANTUM] = call_quantum,
    [SYS_SHUTDOWN] = call_shutdown,
    [SYS_GROW] = call_grow,
    [SYS_READ_FILE] = call_read_file,
};

void syscall(struct trap_frame *frame)
{
    uint64_t number = frame->vector;
    current->system_calls++;
    trace(TRACE_SYSCALL_ENTER, number, frame->rdi, frame->rsi);
    frame->rax = number < sizeof calls / sizeof calls[0] ? (uint64_t)calls[number](frame) : (uint64_t)-ENOSYS;
    trace(TRACE_SYSCALL_EXIT, number, frame->rax, 0);
}
