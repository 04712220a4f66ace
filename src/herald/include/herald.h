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
 * reserved topic (below TOPIC_RESERVED) without the right, EINVAL topic or flags. Queue full: waits, or EAGAIN with
 * PUBLISH_NONBLOCK. ENOMEM, EINTR.
 */
int publish(uint32_t topic, const void *data, size_t length, uint32_t flags);

/*
 * Subscribes; messages wait for receive. depth: how many may wait (0: MAILBOX_DEPTH). policy: what gives way when
 * they are all taken. EALREADY subscribed already, EINVAL depth, policy or topic, ENOSPC too many subscriptions or
 * topics, ENOMEM.
 */
int subscribe(uint32_t topic, uint32_t depth, enum policy policy);

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

/* Describes up to `count` topics in order of their numbers; returns how many. ENOMEM. */
int topic_list(struct topic_info *list, unsigned count);

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
