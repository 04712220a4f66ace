/** Messages in words. */
import type { Delivery, Message } from "../../derived/messages";
import { publisherName, topicLabel, topicName } from "../../derived/names";
import { nameOf } from "../../store/colors";
import { duration, instant, plural } from "../common/format";
import { latencyOf } from "./layout";

export function rowLabel(message: Message): { time: string; topic: string } {
  return {
    time: instant(message.time, 3).replace(" ms", ""),
    topic: topicName(message.topic) ?? String(message.topic),
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

export function describe(message: Message): MessageText {
  return {
    title: `${publisherName(message.from)} published ${plural(message.length, "byte")} on ${topicLabel(message.topic)} at ${instant(message.time, 5)} · sequence ${message.sequence}`,
    deliveries:
      message.deliveries.length === 0
        ? ["nobody had subscribed: delivered to no one"]
        : message.deliveries.map((delivery) => deliveryText(message, delivery)),
  };
}
