/** Messages in words. */
import type { Delivery, Message } from "../../derived/messages";
import { publisherName, replyTo, topicLabel, topicName } from "../../derived/names";
import { nameOf } from "../../store/colors";
import { duration, instant, plural } from "../common/format";
import { latencyOf } from "./layout";

export function rowLabel(message: Message): { time: string; topic: string } {
  return {
    time: instant(message.time, 3).replace(" ms", ""),
    topic: replyTo(message.topic) === undefined ? (topicName(message.topic) ?? String(message.topic)) : "reply",
  };
}

/** At the head of an arrow. */
export function arrowText(message: Message, delivery: Delivery): string {
  if (delivery.state === "dropped") return "lost";
  const latency = latencyOf(message, delivery);
  return latency === undefined ? "waits" : duration(latency);
}

function deliveryText(message: Message, delivery: Delivery): string {
  const name = nameOf(delivery.to);
  const latency = latencyOf(message, delivery);
  if (delivery.state === "dropped") return `${name} lost it: its mailbox was full`;
  if (latency === undefined)
    return `${name}: in the mailbox after ${duration(delivery.delivered - message.time)}, not taken yet`;
  if (!delivery.callback) return `${name} received it after ${duration(latency)}`;
  const returned =
    delivery.returned === undefined ? "" : `, returned ${duration(delivery.returned - message.time - latency)} later`;
  return `${name}: callback after ${duration(latency)}${returned}`;
}

export interface MessageText {
  readonly title: string;
  readonly deliveries: readonly string[];
}

/** "sensor published 4 bytes on topic 300", "client asked with 8 bytes on topic 7 and waits for the reply". */
function deed(message: Message): string {
  const who = publisherName(message.from);
  const bytes = plural(message.length, "byte");
  if (replyTo(message.topic) !== undefined) return `${who} replied ${bytes}`;
  const where = `${bytes} on ${topicLabel(message.topic)}`;
  return message.request ? `${who} asked with ${where} and waits for the reply` : `${who} published ${where}`;
}

export function describe(message: Message): MessageText {
  return {
    title: `${deed(message)} at ${instant(message.time, 5)} · sequence ${message.sequence}`,
    deliveries:
      message.deliveries.length === 0
        ? ["nobody had subscribed: delivered to no one"]
        : message.deliveries.map((delivery) => deliveryText(message, delivery)),
  };
}
