/*
 * The C library of Herald's programs: one function per system call, and a little comfort.
 *
 * Every function that can fail returns a negative error (-ENOENT ...) and then has changed nothing. A pointer that is
 * not the program's own memory, all of it, is EFAULT. Functions that wait return -EINTR when a callback ran
 * meanwhile.
 */
#ifndef HERALD_H
#define HERALD_H

#include "layout.h"
#include "format.h"
#include "string.h"

#define FOREVER UINT64_C(0xffffffff) /* a timeout that never comes */

/* What a program is: its main gets the text it was spawned with, and its result is its exit status. */
int main(const char *arguments);

/* ---- processes ---- */

/*
 * A process: PID in the low half, generation in the high half. Says exactly which process is meant, even when its PID
 * is used again.
 */
typedef int64_t process_t;

/* Ends the calling process: its subscriptions end, messages for it are freed, messages it published stay valid. */
_Noreturn void exit(int status);

/* The own PID. */
int getpid(void);

/*
 * Starts a program file, or a Program `name`.prg. `arguments` (0 for none) has at most ARGUMENT_SIZE - 1 characters:
 * ETOOBIG. ENOENT no such file, ENOEXEC not a program, ENOMEM, ENOSPC the process table is full, EIO.
 */
process_t spawn(const char *name, const char *arguments);

/*
 * Waits until the process has ended and gives its status (0 for status: not wanted). A bare PID means the present or
 * last one with that PID. ESRCH it ended long ago and its PID is in use again, EINVAL oneself, ETIMEDOUT, EAGAIN
 * timeout 0 and it is alive, EINTR.
 */
int wait(process_t process, int *status, uint64_t timeout_ms);

/* Ends a process; what it waits for is broken off. A bare PID means whoever has it. ESRCH, EPERM (the idle process). */
int kill(process_t process);

/* Gives the rest of the quantum away. */
void yield(void);

/* Sleeps at least so long. EINTR: a callback ran before the time was up. */
int sleep(uint64_t ms);

/* Describes up to `count` processes in order of their PIDs; returns how many. */
int process_list(struct process_info *list, unsigned count);

/* Sets the scheduler's quantum (0: leaves it) and returns it, in microseconds. EINVAL outside 100 us to 1 s. */
int64_t quantum(uint64_t microseconds);

/* Turns the machine off. */
_Noreturn void shutdown(void);

/* ---- publish and subscribe ---- */

/*
 * A callback gets the message (on its own stack), the cookie it was subscribed with, and how many messages it lost
 * before this one. Until it returns no other callback of this process runs.
 */
typedef void callback_t(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped);

/*
 * Publishes a copy of the data. Returns 0 and tells nothing about who listens. EMSGSIZE over MESSAGE_MAX, EPERM a
 * reserved topic (below TOPIC_RESERVED) without the right or a private one (from TOPIC_PRIVATE on), EINVAL TOPIC_ANY
 * or flags. Queue full, or a subscription with POLICY_HOLD full: waits, or EAGAIN with PUBLISH_NONBLOCK; EDEADLK when
 * that subscription is the publisher's own. With PUBLISH_RETAIN the topic keeps it for later subscribers: the last
 * so many as `retain` says (1 unless set); ENOSPC when PUBLISHER_RETAINED or RETAINED_BYTES would be exceeded. With
 * PUBLISH_HANDOFF the first receiver it wakes gets the CPU at once. ENOMEM, EINTR.
 */
int publish(uint32_t topic, const void *data, size_t length, uint32_t flags);

/*
 * Subscribes; messages wait for receive. depth: how many may wait (0: MAILBOX_DEPTH). policy: what gives way when
 * they are all taken. EALREADY subscribed already, EINVAL depth, policy or topic, ENOSPC too many subscriptions or
 * topics, ENOMEM.
 */
int subscribe(uint32_t topic, uint32_t depth, enum policy policy);

/*
 * Subscribes with all options; callback 0: with receive (the options' cookie is then without meaning, otherwise it is
 * the callback's). The same errors as subscribe and subscribe_callback. EINVAL also for unknown flags and for
 * POLICY_HOLD on a reserved topic; EPERM from TOPIC_PRIVATE on. With SUBSCRIBE_REPLAY the subscription begins with the
 * retained messages, oldest first; those it has no room for are left out and are no drops.
 */
int subscribe_with(uint32_t topic, callback_t *callback, const struct subscribe_options *options);

/*
 * Sets how many messages marked PUBLISH_RETAIN the topic keeps, 0 to RETAIN_DEPTH_MAX; the oldest that are too many
 * are forgotten. 0 forgets all, and the topic keeps 1 again. EINVAL depth or topic, EPERM a reserved or private
 * topic, ENOMEM, ENOSPC too many topics.
 */
int retain(uint32_t topic, uint32_t depth);

/*
 * Publishes a request and waits for the reply of the server: of the first subscriber of the topic at that moment.
 * Everybody else who subscribes sees the request like any message. Returns the reply's true length (more than size:
 * it was cut). The errors of publish, and ENOENT nobody subscribes, ETIMEDOUT, ECANCELED the server ended or lost the
 * request (full mailbox, unsubscribed). Callbacks of the requester wait until it returns. EDEADLK: the server would be
 * the requester itself.
 */
int request(uint32_t topic, const void *data, size_t length, void *buffer, size_t size, uint64_t timeout_ms);

/*
 * Replies to a request; `token` is received.reply, or callback_reply() in a callback. The reply goes to the requester
 * alone. ESRCH nobody waits for it (any more), EPERM another process is the server, EMSGSIZE, EFAULT, ENOMEM.
 */
int reply(uint64_t token, const void *data, size_t length);

/* In a callback: the token of the message it handles when that is a request, else 0. */
uint64_t callback_reply(void);

/* Announces on TOPIC_SERVICE_READY, retained, that the calling process is ready. */
int service_ready(void);

/*
 * Subscribes with a callback. The same errors, and EFAULT when the callback is not executable memory of this program.
 */
int subscribe_callback(uint32_t topic, callback_t *callback, uint64_t cookie, uint32_t depth, enum policy policy);

/*
 * Ends a subscription; after the return nothing of it is delivered. Allowed in its own callback. ENOENT not
 * subscribed.
 */
int unsubscribe(uint32_t topic);

/*
 * The next message of the topic (TOPIC_ANY: of any subscription without a callback), in order. A message longer than
 * the buffer is cut; received->length is its true length (0 for received: not wanted). EAGAIN none and timeout 0,
 * ETIMEDOUT, EINTR.
 */
int receive(uint32_t topic, void *buffer, size_t size, uint64_t timeout_ms, struct received *received);

/* Waits until at least one callback has run. ETIMEDOUT; EINVAL in a callback. */
int pause(uint64_t timeout_ms);

/*
 * Runs callbacks as they come until the time is up; cheaper than pause in a loop, as the process does not leave the
 * kernel between two callbacks. ETIMEDOUT; EINVAL in a callback.
 */
int serve(uint64_t timeout_ms);

/* Describes up to `count` topics in order of their numbers; returns how many. ENOMEM. */
int topic_list(struct topic_info *list, unsigned count);

/* ---- message queues ---- */

/*
 * Makes a queue of `depth` messages (1 to QUEUE_DEPTH_MAX) under a number and opens it. Returns its handle. EEXIST,
 * EINVAL depth, ENOSPC there are MAX_QUEUES, ENOMEM. It exists until nobody has it open; messages in it go with it.
 */
int queue_create(uint32_t number, uint32_t depth);

/* Opens a queue; opening twice gives the same handle. ENOENT. */
int queue_open(uint32_t number);

/* ENOENT: not open. */
int queue_close(int handle);

/*
 * Sends a copy. ENOENT not open, EMSGSIZE over MESSAGE_MAX, EFAULT, ENOMEM, EAGAIN no room and timeout 0, ETIMEDOUT,
 * EINTR. At most `depth` messages and QUEUE_BYTES bytes wait in a queue.
 */
int queue_send(int handle, const void *data, size_t length, uint64_t timeout_ms);

/*
 * The oldest message; one receiver gets it. Returns its true length; what is longer than size is cut. ENOENT, EFAULT,
 * EAGAIN none and timeout 0, ETIMEDOUT, EINTR.
 */
int queue_receive(int handle, void *buffer, size_t size, uint64_t timeout_ms);

/* ---- shared memory ---- */

/*
 * Attaches the segment with this number, readable and writable; made, zeroed, when there is none and bytes is not 0.
 * Returns its address, the same in every process, or 0: `*error` says why (0 for error: not wanted): ENOENT bytes is 0
 * and there is none, EINVAL over SEGMENT_MAX or longer than the existing one, EALREADY attached, ENOSPC MAX_SEGMENTS,
 * ENOMEM. It exists until nobody has it attached.
 */
void *segment_attach(uint32_t number, size_t bytes, int *error);

/* ENOENT: not attached. */
int segment_detach(uint32_t number);

/*
 * If the aligned word at `address`, in an attached segment, holds `expected`, waits for segment_wake. EAGAIN it holds
 * something else, EFAULT not in an attached segment, EINVAL not aligned, ETIMEDOUT, EINTR. 0 may come without cause:
 * look at the word again.
 */
int segment_wait(const volatile uint32_t *address, uint32_t expected, uint64_t timeout_ms);

/* Wakes up to `count` of those who wait on this word, in the order they came; returns how many. EFAULT, EINVAL. */
int segment_wake(const volatile uint32_t *address, unsigned count);

/* ---- for tests ---- */

/* See enum debug_operation. ENOSYS unless scenario.cfg says debug=1; EINVAL unknown operation. */
int64_t debug(enum debug_operation operation, uint64_t value);

/* ---- memory and files ---- */

/* Makes the heap longer by so many zeroed bytes and returns where they begin; 0 when out of memory. */
void *grow(size_t bytes);

int memory_info(struct memory_info *info);

/* Copies up to `size` bytes of a file from `offset`; returns how many. ENOENT, EIO. */
int64_t read_file(const char *name, uint64_t offset, void *buffer, size_t size);

/* ---- the console ---- */

/* Writes bytes to the console; up to WRITE_MAX bytes appear as one piece. Returns the number written. */
int64_t write(const char *data, size_t length);

/* Formatted, as one piece, at most 511 characters. */
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* "EFAULT" for -EFAULT or EFAULT; "ok" for 0. */
const char *error_name(int64_t error);

#endif
