/**
 * The link: scenario and inputs as the fragment of an address, `#1.` and base64url of deflated JSON. Whatever comes from an address bar is
 * hostile until proven otherwise: its length, its unpacked size and every value are checked.
 */
import { deflateSync, Inflate, strFromU8, strToU8 } from "fflate";
import * as v from "valibot";
import { HERALD_DIGITS, linkSchema, MAX_INPUTS, SCENARIO_VERSION, type Input, type Link } from "./schema";

const PREFIX = `${SCENARIO_VERSION}.`;
/** Characters of a fragment: what the largest valid scenario needs, and less than every browser carries. */
export const MAX_FRAGMENT = 512 * 1024;
/** Bytes of unpacked JSON. */
export const MAX_UNPACKED = 2 * 1024 * 1024;

export type Decoded = { readonly ok: true; readonly link: Link } | { readonly ok: false; readonly message: string };

/** Inputs as [ticks since the one before, code, down], which deflates well. */
function packInputs(inputs: readonly Input[]): [number, string, 0 | 1][] {
  let last = 0;
  return inputs.map((input) => {
    const delta = input.tick - last;
    last = input.tick;
    return [delta, input.code, input.down ? 1 : 0];
  });
}

const packedSchema = v.object({
  scenario: v.unknown(),
  herald: v.optional(v.unknown()),
  inputs: v.array(
    v.tuple([v.pipe(v.number(), v.integer(), v.minValue(0)), v.string(), v.union([v.literal(0), v.literal(1)])]),
  ),
});

function unpackInputs(packed: v.InferOutput<typeof packedSchema>["inputs"]): Input[] {
  let tick = 0;
  return packed.map(([delta, code, down]) => {
    tick += delta;
    return { kind: "key", tick, code, down: down === 1 };
  });
}

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Inflates, giving up as soon as more than `limit` bytes have come out. */
function inflateBounded(bytes: Uint8Array, limit: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let finished = false;
  const inflate = new Inflate((chunk, final) => {
    total += chunk.length;
    if (total > limit) throw new RangeError("too large");
    chunks.push(chunk);
    finished = final;
  });
  // Small pieces, so that a bomb is noticed early.
  for (let at = 0; at < bytes.length; at += 1024)
    inflate.push(bytes.subarray(at, at + 1024), at + 1024 >= bytes.length);
  if (!finished) throw new Error("cut short");
  const all = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** The fragment, without "#". Throws a RangeError with a message for a person if the link would be too long: never a shortened one. */
export function encodeLink(link: Link): string {
  const { scenario, inputs, herald } = link;
  // Without an identity the key is left out.
  const json = JSON.stringify({ scenario, inputs: packInputs(inputs), herald });
  const fragment = PREFIX + toBase64Url(deflateSync(strToU8(json)));
  if (fragment.length > MAX_FRAGMENT || link.inputs.length > MAX_INPUTS)
    throw new RangeError(`This run has too many inputs for a link (${link.inputs.length}; ${MAX_INPUTS} at most).`);
  return fragment;
}

/** Reads a fragment (with or without "#"). Never throws. */
export function decodeLink(fragment: string): Decoded {
  const text = fragment.replace(/^#/, "");
  const fail = (message: string): Decoded => ({ ok: false, message });
  if (text.length > MAX_FRAGMENT)
    return fail(`The link is too long: ${text.length} characters, ${MAX_FRAGMENT} at most.`);
  const version = /^(\d+)\.(.*)$/s.exec(text);
  if (!version) return fail("The link is not one of Vitrine's.");
  if (`${version[1]}.` !== PREFIX)
    return fail(`The link has version ${version[1]}; this page reads version ${SCENARIO_VERSION}.`);
  let value: unknown;
  try {
    value = JSON.parse(strFromU8(inflateBounded(fromBase64Url(version[2]), MAX_UNPACKED)));
  } catch (error) {
    return fail(
      error instanceof RangeError ? "The link unpacks to too much data." : "The link is damaged and cannot be read.",
    );
  }
  const packed = v.safeParse(packedSchema, value);
  if (!packed.success) return fail(describe(packed.issues[0]));
  const parsed = v.safeParse(linkSchema, {
    scenario: packed.output.scenario,
    inputs: unpackInputs(packed.output.inputs),
    ...(packed.output.herald !== undefined && { herald: packed.output.herald }),
  });
  return parsed.success ? { ok: true, link: parsed.output } : fail(describe(parsed.issues[0]));
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `The link holds something that is not allowed${path ? ` (${path})` : ""}: ${issue.message}`;
}

/** Which build of Herald a map belongs to; undefined for a map that does not say. */
export function heraldIdentity(map: unknown): string | undefined {
  const hash = (map as { sourceHash?: unknown } | undefined)?.sourceHash;
  return typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) ? hash.slice(0, HERALD_DIGITS) : undefined;
}
