#include "request.h"

#include "message.h"
#include "mutex.h"
#include "notify.h"
#include "process.h"
#include "scheduler.h"

int request_send(struct message *message, uint64_t timeout_ms, struct message **reply)
{
    uint32_t topic = message->topic;
    message->flags |= MESSAGE_REQUEST;
    current->request_result = REQUEST_PENDING;
    int result = notify_publish(message, 0);

    mutex_acquire(&mutex_lock);
    uint64_t deadline = scheduler_deadline(timeout_ms);
    while (result == 0 && current->request_result == REQUEST_PENDING)
        result = timeout_ms == 0 ? -EAGAIN : scheduler_block(WAIT_REPLY, topic, deadline);
    if (current->request_result != REQUEST_PENDING)
        result = current->request_result; /* it came at the last moment */
    *reply = current->request_reply;
    current->request_reply = 0;
    current->request_token = 0;
    mutex_release(&mutex_lock);
    return result;
}

/* The process that waits for the reply to this request, or 0. */
static struct process *find_requester(uint64_t token)
{
    uint64_t pid = token & 255;
    if (token == 0 || pid >= MAX_PROCESSES)
        return 0;
    struct process *process = &process_table[pid];
    return process->request_token == token && process->request_result == REQUEST_PENDING ? process : 0;
}

int request_reply(uint64_t token, struct message *message)
{
    int result;
    mutex_acquire(&mutex_lock);
    do { /* looked up again each time: while it waits for room, the requester may go or ask something else */
        struct process *requester = find_requester(token);
        if (!requester)
            result = -ESRCH;
        else if (requester->request_server_pid != current->pid ||
                 requester->request_server_generation != current->generation)
            result = -EPERM;
        else
            result = notify_try(message);
    } while (result == -EAGAIN && (result = notify_wait_for_room()) == 0);
    if (result)
        message_release(message);
    mutex_release(&mutex_lock);
    return result;
}

/* The request has come to its end: with its reply, or with an error. */
static void finish(struct process *requester, int result)
{
    requester->request_result = result;
    if (requester->state == PROCESS_BLOCKED && requester->wait_reason == WAIT_REPLY)
        scheduler_wake(requester, WAKE_EVENT, 0);
}

void request_address(const struct message *request, const struct subscription *server)
{
    struct process *requester = &process_table[request->publisher_pid];
    if (!server) {
        finish(requester, -ENOENT);
    } else if (server->pid == requester->pid) {
        finish(requester, -EDEADLK);
    } else {
        requester->request_token = request_token(request);
        requester->request_server_pid = server->pid;
        requester->request_server_generation = server->generation;
    }
}

void request_deliver(struct message *reply)
{
    struct process *requester = &process_table[reply->topic - TOPIC_PRIVATE];
    message_hold(reply);
    requester->request_reply = reply;
    finish(requester, 0);
}

void request_lost(const struct message *message, uint32_t pid)
{
    struct process *requester = find_requester(request_token(message));
    if (requester && requester->request_server_pid == pid)
        finish(requester, -ECANCELED);
}

void request_cancel_all(void)
{
    for (unsigned pid = 1; pid < MAX_PROCESSES; pid++) {
        struct process *process = &process_table[pid];
        if (process->request_token && process->request_result == REQUEST_PENDING &&
            process->request_server_pid == current->pid &&
            process->request_server_generation == current->generation)
            finish(process, -ECANCELED);
    }
}
