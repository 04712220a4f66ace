/** Words for what the trace holds as numbers. */
import type { ProcessKey } from "../../worker/protocol";
import { traceNames } from "../../worker/protocol";
import { nameOf } from "../store/colors";

/** Topics below this are the kernel's (TOPIC_RESERVED of the layout description; a test compares). */
export const TOPIC_RESERVED = 256;

/** Replies to process n go to topic TOPIC_PRIVATE + n (of the layout description too). */
export const TOPIC_PRIVATE = 0xffffff00;
const TOPIC_ANY = 0xffffffff;

/** The PID to whom what is published on this topic is the reply to a request; undefined for every other topic. */
export const replyTo = (topic: number): number | undefined =>
  topic >= TOPIC_PRIVATE && topic !== TOPIC_ANY ? topic - TOPIC_PRIVATE : undefined;

const systemCallNumber = (name: string): number =>
  Number(Object.keys(traceNames.systemCall).find((key) => traceNames.systemCall[Number(key)] === name));

export const SYSCALL_PUBLISH = systemCallNumber("publish");
export const SYSCALL_REQUEST = systemCallNumber("request");

export const systemCallName = (number: number): string => traceNames.systemCall[number] ?? `call ${number}`;

/** PID 0 is the idle process where it has the CPU, and the kernel where it publishes. */
export const KERNEL: ProcessKey = { pid: 0, generation: 0 };

export const publisherName = (key: ProcessKey): string => (key.pid === 0 ? "kernel" : nameOf(key));
export const laneName = (key: ProcessKey): string => (key.pid === 0 ? "idle" : nameOf(key));

export const topicName = (topic: number): string | undefined => traceNames.topic[topic]?.replaceAll("_", " ");

/** "keyboard", "topic 300", or "reply to 4". */
export function topicLabel(topic: number): string {
  const requester = replyTo(topic);
  return requester === undefined ? (topicName(topic) ?? `topic ${topic}`) : `reply to ${requester}`;
}

const endings: Readonly<Record<string, string>> = {
  quantum: "its quantum was used up",
  block: "it waits for something",
  yield: "it gave the CPU up",
  exit: "it ended",
  wake: "somebody became ready",
};

/** Why a slice ended, for a person. */
export function endingText(reason: number): string {
  const name = traceNames.switchReason[reason];
  return name === undefined ? `reason ${reason}` : (endings[name] ?? name);
}

/** Why a system call failed: its negated result. */
export function errorName(error: number): string {
  const name = traceNames.error[error];
  return name === undefined ? `error ${error}` : `E${name}`;
}

/** Exceptions by vector, as the manual abbreviates them (volume 3, table 6-1). */
const faults: Readonly<Record<number, string>> = {
  0: "#DE divide error",
  1: "#DB debug",
  3: "#BP breakpoint",
  4: "#OF overflow",
  5: "#BR bound",
  6: "#UD undefined opcode",
  7: "#NM no FPU",
  8: "#DF double fault",
  10: "#TS invalid TSS",
  11: "#NP segment not present",
  12: "#SS stack fault",
  13: "#GP general protection",
  14: "#PF page fault",
  16: "#MF x87 error",
  17: "#AC alignment check",
  19: "#XM SIMD error",
};

export const faultName = (vector: number): string => faults[vector] ?? `exception ${vector}`;
