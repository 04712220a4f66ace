/** The model and the kernel: each step stands for a function that exists, and the kernel does things in the order in which the model does them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { heraldFolder } from "../../../src/herald/sources";
import { stepNames } from "./steps";

const read = (file: string) => readFileSync(resolve(heraldFolder, "kernel", file), "utf8");

/** Step -> the function it is, or is the end of, and its file. */
const standsFor: Readonly<Record<string, readonly [name: string, file: string]>> = {
  message_allocate: ["message_allocate", "message.h"],
  mutex_acquire: ["mutex_acquire", "mutex.h"],
  mutex_release: ["mutex_release", "mutex.h"],
  notify_try: ["serve_next", "notify.c"],
  after_serving: ["serve_next", "notify.c"],
  notify_dispatch: ["notify_dispatch", "notify.c"],
  process_exit: ["process_exit", "process.c"],
  scheduler_exit: ["scheduler_exit", "scheduler.c"],
  mailbox_take: ["wait_for_message", "syscall.c"],
  scheduler_block: ["scheduler_block", "scheduler.c"],
  schedule: ["lock_off", "scheduler.c"],
  blocked: ["lock_on", "scheduler.c"],
  give_up: ["wait_for_message", "syscall.c"],
  took: ["wait_for_message", "syscall.c"],
  copy_to_user: ["copy_to_user", "user.h"],
  message_release: ["message_release", "message.h"],
  topic_unsubscribe: ["topic_unsubscribe", "topic.c"],
  mailbox_detach: ["mailbox_detach", "mailbox.c"],
  unlink_subscription: ["unlink_subscription", "topic.c"],
  process_kill: ["process_kill", "process.c"],
};
/** What the model does only to show that it would be noticed. */
const mistakes = ["notify_enqueue", "late_block"];

/** Function -> what happens in it, in this order; between interrupts_off and interrupts_on no interrupt comes, so that is one step. */
const orders: readonly (readonly [name: string, file: string, ...order: string[]])[] = [
  ["notify_publish", "notify.c", "mutex_acquire(&mutex_lock)", "try_with_conditions(", "mutex_release(&mutex_lock)"],
  ["serve_next", "notify.c", "interrupts_off", "enqueue(", "interrupts_on", "notify_dispatch("],
  ["serve_next", "notify.c", "number(", "interrupts_on", "topic_serve(", "message_release(", "WORK_NOTIFY"],
  ["notify_dispatch", "notify.c", "dequeue(", "topic_serve(", "message_release("],
  ["dequeue", "notify.c", "interrupts_off", "count--", "WORK_NOTIFY", "interrupts_on"],
  ["notify_publish_kernel", "notify.c", "interrupts_save", "enqueue(", "interrupts_restore"],
  ["reserve_and_deliver", "topic.c", "mailbox_reserve(", "mailbox_deliver("],
  ["wait_for_message", "syscall.c", "mutex_acquire(", "mailbox_take(", "scheduler_block(", "mutex_release("],
  ["call_receive", "syscall.c", "wait_for_message(", "copy_to_user(", "message_release("],
  ["scheduler_block", "scheduler.c", "must_go_on(", "block("],
  ["block", "scheduler.c", "begin_wait(", "lock_off(", "take_first(", "lock_on("],
  ["begin_wait", "scheduler.c", "PROCESS_BLOCKED", "notify_dispatch("],
  ["scheduler_point", "scheduler.c", "mutex_lock.held = 1", "notify_dispatch(", "mutex_lock.held = 0"],
  ["topic_unsubscribe", "topic.c", "mutex_acquire(", "unlink_subscription(", "mutex_release("],
  ["unlink_subscription", "topic.c", "mailbox_detach(", "list_remove("],
  ["mailbox_detach", "mailbox.c", "waiting", "message_release("],
  ["process_exit", "process.c", "topic_unsubscribe_all(", "mutex_acquire(", "publish_event(", "notify_dispatch("],
  ["process_exit", "process.c", "notify_dispatch(", "scheduler_exit("],
  ["process_kill", "process.c", "mutex_acquire(", "FLAG_CONDEMNED", "scheduler_wake(", "mutex_release("],
];

/** From a function's first line to the brace that ends it. */
function bodyOf(name: string, file: string): string | undefined {
  return new RegExp(`^(?:[a-z_].*[ *])?${name}\\([^;{]*\\)\\n\\{\\n[^]*?^\\}`, "m").exec(read(file))?.[0];
}

describe("the model of delivery", () => {
  it("has steps that stand for functions of the kernel", () => {
    expect([...Object.keys(standsFor), ...mistakes].sort()).toEqual([...stepNames].sort());
    for (const [name, file] of Object.values(standsFor)) expect(bodyOf(name, file), `${name} in ${file}`).toBeDefined();
  });

  it.each(orders)("has the order of %s in %s", (name, file, ...order) => {
    const body = bodyOf(name, file);
    expect(body, `${name} in ${file}`).toBeDefined();
    let at = 0;
    for (const what of order) {
      at = body!.indexOf(what, at);
      expect(at, `${what} in ${name}`).toBeGreaterThan(-1);
      at += what.length;
    }
  });
});
