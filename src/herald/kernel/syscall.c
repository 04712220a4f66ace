#include "syscall.h"

#include "console.h"
#include "debug.h"
#include "frame.h"
#include "fs.h"
#include "gdt.h"
#include "heap.h"
#include "mailbox.h"
#include "message.h"
#include "message_queue.h"
#include "mutex.h"
#include "notify.h"
#include "process.h"
#include "request.h"
#include "retain.h"
#include "scheduler.h"
#include "segment.h"
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

/* Each call gets what the program has in RDI, RSI, RDX, R10 and R8 (trap.S puts R10 into RCX, as C wants it). */

static int64_t call_exit(uint64_t status)
{
    process_exit((int)status, EXIT_NORMAL);
}

static int64_t call_write(uint64_t data, uint64_t length)
{
    char text[WRITE_MAX];
    if (length > WRITE_MAX)
        return -EMSGSIZE;
    if (copy_from_user(text, data, length))
        return -EFAULT;
    console_write(text, length);
    return (int64_t)length;
}

static int64_t call_yield(void)
{
    scheduler_yield();
    return 0;
}

static int64_t call_sleep(uint64_t ms)
{
    mutex_acquire(&mutex_lock);
    int result = scheduler_block(WAIT_SLEEP, 0, scheduler_deadline(ms));
    mutex_release(&mutex_lock);
    return result == -ETIMEDOUT ? 0 : result;
}

static int64_t call_getpid(void)
{
    return current_pid;
}

static int64_t call_spawn(uint64_t name_address, uint64_t arguments_address)
{
    char name[NAME_SIZE];
    char arguments[ARGUMENT_SIZE] = "";
    long length = copy_text_from_user(name, name_address, sizeof name);
    if (length < 0)
        return length;
    if (arguments_address && (length = copy_text_from_user(arguments, arguments_address, sizeof arguments)) < 0)
        return length;
    return process_spawn(name, arguments);
}

static int64_t call_wait(uint64_t handle, uint64_t status_address, uint64_t timeout_ms)
{
    int status = 0;
    if (status_address && user_check_writable(status_address, sizeof status))
        return -EFAULT;
    int result = process_wait(handle, timeout_ms, &status);
    if (result == 0 && status_address)
        return copy_to_user(status_address, &status, sizeof status);
    return result;
}

static int64_t call_kill(uint64_t handle)
{
    return process_kill(handle);
}

/*
 * A message with the user's bytes: they are copied once, before any lock. Returns 0 and the message, -EMSGSIZE,
 * -ENOMEM or -EFAULT.
 */
static int message_from_user(uint32_t topic, uint64_t data, uint64_t length, struct message **result)
{
    if (length > MESSAGE_MAX)
        return -EMSGSIZE;
    struct message *message = message_allocate(topic, (uint32_t)length);
    if (!message)
        return -ENOMEM;
    if (copy_from_user(message_data(message), data, length)) {
        message_release(message);
        return -EFAULT;
    }
    *result = message;
    return 0;
}

/* May the process on the CPU publish on this topic? Returns 0, -EINVAL (no topic) or -EPERM. */
static int check_topic(uint64_t topic)
{
    if (topic - TOPIC_RESERVED < TOPIC_PRIVATE - TOPIC_RESERVED)
        return 0;
    if (topic >= TOPIC_ANY)
        return -EINVAL;
    return topic < TOPIC_RESERVED && (current->flags & FLAG_SYSTEM) ? 0 : -EPERM;
}

static int64_t call_publish(uint64_t topic, uint64_t data, uint64_t length, uint64_t flags)
{
    struct message *message;
    int result = check_topic(topic);
    if (result)
        return result;
    if (flags & ~(uint64_t)(PUBLISH_NONBLOCK | PUBLISH_RETAIN | PUBLISH_HANDOFF))
        return -EINVAL;
    result = message_from_user((uint32_t)topic, data, length, &message);
    return result ? result : notify_publish(message, (uint32_t)flags);
}

static int64_t call_request(uint64_t arguments_address)
{
    struct request_arguments arguments;
    struct message *message, *answer = 0;
    if (copy_from_user(&arguments, arguments_address, sizeof arguments))
        return -EFAULT;
    uint64_t size = arguments.size < MESSAGE_MAX ? arguments.size : MESSAGE_MAX;
    int64_t result = check_topic(arguments.topic);
    if (result == 0)
        result = user_check_writable(arguments.buffer, size);
    if (result == 0)
        result = message_from_user(arguments.topic, arguments.data, arguments.length, &message);
    if (result == 0)
        result = request_send(message, arguments.timeout_ms, &answer);
    if (answer && result == 0) {
        result = copy_to_user(arguments.buffer, message_data(answer), answer->length < size ? answer->length : size);
        result = result ? result : (int64_t)answer->length;
    }
    if (answer)
        message_release(answer);
    return result;
}

static int64_t call_reply(uint64_t token, uint64_t data, uint64_t length)
{
    struct message *message;
    uint32_t pid = (uint32_t)token & 255;
    int result = message_from_user(TOPIC_PRIVATE + pid, data, length, &message);
    return result ? result : request_reply(token, message);
}

static int64_t call_retain(uint64_t topic, uint64_t depth)
{
    int result = check_topic(topic);
    if (result)
        return result;
    return depth > RETAIN_DEPTH_MAX ? -EINVAL : retain_set_depth((uint32_t)topic, (uint32_t)depth);
}

static int64_t call_service_ready(void)
{
    process_service_ready();
    return 0;
}

static int64_t call_subscribe(uint64_t topic, uint64_t callback, uint64_t options_address)
{
    struct subscribe_options options = {0};
    if (topic >= TOPIC_PRIVATE)
        return topic >= TOPIC_ANY ? -EINVAL : -EPERM;
    if (options_address && copy_from_user(&options, options_address, sizeof options))
        return -EFAULT;
    if (callback && !user_is_executable(callback))
        return -EFAULT;
    return topic_subscribe((uint32_t)topic, callback, &options);
}

static int64_t call_unsubscribe(uint64_t topic)
{
    return topic >= TOPIC_ANY ? -EINVAL : topic_unsubscribe((uint32_t)topic);
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
static int64_t call_receive(uint64_t topic, uint64_t buffer, uint64_t size, uint64_t timeout_ms, uint64_t received_address)
{
    struct taken taken;
    if (topic > TOPIC_ANY)
        return -EINVAL;
    size = size < MESSAGE_MAX ? size : MESSAGE_MAX;
    if (user_check_writable(buffer, size) || (received_address && user_check_writable(received_address, sizeof(struct received))))
        return -EFAULT;
    int result = wait_for_message((uint32_t)topic, timeout_ms, &taken);
    if (result)
        return result;

    struct message *message = taken.message;
    uint32_t length = message->length;
    trace(TRACE_RECEIVE, 0, message->topic | (uint64_t)length << 32, message->sequence);
    result = copy_to_user(buffer, message_data(message), length < size ? length : size);
    if (result == 0 && received_address) {
        struct received received = {
            .topic = message->topic,
            .length = length,
            .dropped = taken.dropped,
            .reply = request_token(message),
        };
        result = copy_to_user(received_address, &received, sizeof received);
    }
    message_release(message);
    return result;
}

static int64_t call_pause(uint64_t timeout_ms)
{
    mutex_acquire(&mutex_lock);
    int result = current->in_callback ? -EINVAL : scheduler_block(WAIT_CALLBACK, 0, scheduler_deadline(timeout_ms));
    mutex_release(&mutex_lock);
    return result;
}

/*
 * Blocks like pause; when the callback that ends the wait returns, callback_end waits again, so that this call goes back
 * to the program only when time is up.
 */
static int64_t call_serve(uint64_t timeout_ms)
{
    if (current->in_callback)
        return -EINVAL;
    mutex_acquire(&mutex_lock);
    current->serve_deadline = scheduler_deadline(timeout_ms);
    current->serving = 1;
    int result = scheduler_block(WAIT_CALLBACK, 0, current->serve_deadline);
    if (result)
        current->serving = 0;
    mutex_release(&mutex_lock);
    return result;
}

static int64_t call_queue_create(uint64_t number, uint64_t depth)
{
    return depth > QUEUE_DEPTH_MAX ? -EINVAL : message_queue_create((uint32_t)number, (uint32_t)depth);
}

static int64_t call_queue_open(uint64_t number)
{
    return message_queue_open((uint32_t)number);
}

static int64_t call_queue_close(uint64_t handle)
{
    return message_queue_close((uint32_t)handle);
}

static int64_t call_queue_send(uint64_t handle, uint64_t data, uint64_t length, uint64_t timeout_ms)
{
    struct message *message;
    int result = message_from_user(0, data, length, &message);
    return result ? result : message_queue_send((uint32_t)handle, message, timeout_ms);
}

static int64_t call_queue_receive(uint64_t handle, uint64_t buffer, uint64_t size, uint64_t timeout_ms)
{
    struct message *message;
    size = size < MESSAGE_MAX ? size : MESSAGE_MAX;
    if (user_check_writable(buffer, size))
        return -EFAULT;
    int64_t result = message_queue_receive((uint32_t)handle, timeout_ms, &message);
    if (result)
        return result;
    uint32_t length = message->length;
    result = copy_to_user(buffer, message_data(message), length < size ? length : size);
    message_release(message);
    return result ? result : (int64_t)length;
}

static int64_t call_segment_attach(uint64_t number, uint64_t bytes)
{
    return segment_attach((uint32_t)number, bytes);
}

static int64_t call_segment_detach(uint64_t number)
{
    return segment_detach((uint32_t)number);
}

static int64_t call_segment_wait(uint64_t address, uint64_t expected, uint64_t timeout_ms)
{
    return segment_wait(address, (uint32_t)expected, timeout_ms);
}

static int64_t call_segment_wake(uint64_t address, uint64_t most)
{
    return segment_wake(address, (uint32_t)most);
}

static int64_t call_debug(uint64_t operation, uint64_t value)
{
    return debug_call(operation, value);
}

/* Inside a callback trap.S takes another way (callback_return_entry). */
static int64_t call_callback_return(void)
{
    return -EINVAL;
}

static int64_t call_process_list(uint64_t list_address, uint64_t most)
{
    uint32_t count = most < MAX_PROCESSES ? (uint32_t)most : MAX_PROCESSES;
    struct process_info *list = heap_allocate(count * sizeof *list);
    if (!list)
        return -ENOMEM;
    count = process_list(list, count);
    int result = copy_to_user(list_address, list, count * sizeof *list);
    heap_free(list);
    return result ? result : (int64_t)count;
}

static int64_t call_topic_list(uint64_t list_address, uint64_t most)
{
    uint32_t count = most < MAX_TOPICS ? (uint32_t)most : MAX_TOPICS;
    struct topic_info *list = heap_allocate(count * sizeof *list);
    if (!list)
        return -ENOMEM;
    count = topic_list(list, count);
    int result = copy_to_user(list_address, list, count * sizeof *list);
    heap_free(list);
    return result ? result : (int64_t)count;
}

static int64_t call_memory_info(uint64_t info_address)
{
    mutex_acquire(&mutex_lock);
    struct memory_info info = {
        .memory_frames = frame_allocator.memory_frames,
        .free_frames = frame_allocator.free_count,
        .heap_mapped = heap.mapped - HEAP_BASE,
        .heap_used = heap.used_bytes - (uint64_t)message_cached() * MESSAGE_CACHED_BYTES,
        .heap_blocks = heap.used_blocks - message_cached(),
        .topics = topic_table.topic_count,
        .subscriptions = topic_table.subscription_count,
        .notifications = notify_queue.count,
        .kernel_messages_free = message_kernel_free(),
        .retained_bytes = topic_table.retained_bytes,
        .queues = message_queue_count(),
        .segments = segment_count(),
    };
    mutex_release(&mutex_lock);
    return copy_to_user(info_address, &info, sizeof info);
}

static int64_t call_quantum(uint64_t microseconds)
{
    int result = 0;
    mutex_acquire(&mutex_lock);
    if (microseconds)
        result = scheduler_set_quantum(microseconds);
    uint64_t quantum = scheduler.quantum_us;
    mutex_release(&mutex_lock);
    return result ? result : (int64_t)quantum;
}

static int64_t call_shutdown(void)
{
    console_print("power off\n");
    power_off();
}

static int64_t call_grow(uint64_t bytes)
{
    uint64_t old = current->heap_end;
    if (bytes > USER_HEAP_LIMIT || old + bytes > current->heap_start + USER_HEAP_LIMIT)
        return -ENOMEM;
    uint64_t end = old + bytes;
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

static int64_t call_read_file(uint64_t name_address, uint64_t offset, uint64_t buffer, uint64_t size)
{
    char name[NAME_SIZE];
    char piece[SECTOR_SIZE];
    long result = copy_text_from_user(name, name_address, sizeof name);
    if (result < 0)
        return result;
    const struct directory_entry *file = fs_find(name);
    if (!file)
        return -ENOENT;
    uint64_t done = 0;
    while (done < size) {
        uint64_t part = size - done < sizeof piece ? size - done : sizeof piece;
        result = fs_read(file, offset + done, piece, part);
        if (result <= 0)
            break;
        if (copy_to_user(buffer + done, piece, (size_t)result))
            return -EFAULT;
        done += (uint64_t)result;
    }
    return result < 0 ? result : (int64_t)done;
}

typedef int64_t system_call_function(); /* up to five arguments of 64 bits */

system_call_function *const system_calls[SYSTEM_CALLS] = {
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
    [SYS_CALLBACK_RETURN] = call_callback_return,
    [SYS_PAUSE] = call_pause,
    [SYS_PROCESS_LIST] = call_process_list,
    [SYS_TOPIC_LIST] = call_topic_list,
    [SYS_MEMORY_INFO] = call_memory_info,
    [SYS_QUANTUM] = call_quantum,
    [SYS_SHUTDOWN] = call_shutdown,
    [SYS_GROW] = call_grow,
    [SYS_READ_FILE] = call_read_file,
    [SYS_RETAIN] = call_retain,
    [SYS_REQUEST] = call_request,
    [SYS_REPLY] = call_reply,
    [SYS_SERVICE_READY] = call_service_ready,
    [SYS_QUEUE_CREATE] = call_queue_create,
    [SYS_QUEUE_OPEN] = call_queue_open,
    [SYS_QUEUE_CLOSE] = call_queue_close,
    [SYS_QUEUE_SEND] = call_queue_send,
    [SYS_QUEUE_RECEIVE] = call_queue_receive,
    [SYS_SEGMENT_ATTACH] = call_segment_attach,
    [SYS_SEGMENT_DETACH] = call_segment_detach,
    [SYS_SEGMENT_WAIT] = call_segment_wait,
    [SYS_SEGMENT_WAKE] = call_segment_wake,
    [SYS_DEBUG] = call_debug,
    [SYS_SERVE] = call_serve,
};

uint64_t syscall_limit;

void syscall_trace(int on)
{
    syscall_limit = on ? 0 : SYSTEM_CALLS;
}

int64_t syscall_unusual(uint64_t number, const uint64_t arguments[5])
{
    current->system_calls++;
    trace(TRACE_SYSCALL_ENTER, number, arguments[0], arguments[1]);
    int64_t result = number < SYSTEM_CALLS ? system_calls[number](arguments[0], arguments[1], arguments[2],
                                                                  arguments[3], arguments[4])
                                           : -ENOSYS;
    trace(TRACE_SYSCALL_EXIT, number, result, 0);
    return result;
}
