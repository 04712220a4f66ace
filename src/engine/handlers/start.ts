/**
 * What all CPUs of a process start with: the base module, a module of the handlers that a boot needs, and which of them is whose. Made
 * from the definitions, or read from what was made from them before.
 */
import { Catalogue, type CatalogueText } from "./catalogue";
import { defaultHandlerOptions, type HandlerOptions } from "./surroundings";
import { writeBase, writeHandlers } from "./modules";
import { prepared, type PreparedStart } from "./prepared";
import { SPECIAL } from "./special";
import { usualShapes } from "./usual";

export interface Start {
  readonly base: WebAssembly.Module;
  readonly usual: WebAssembly.Module;
  readonly catalogue: Catalogue;
}

interface Written {
  readonly base: Uint8Array<ArrayBuffer>;
  readonly usual: Uint8Array<ArrayBuffer>;
  readonly catalogue: Catalogue;
}

const starts = new Map<string, Start>();
const keyOf = (options: HandlerOptions) => JSON.stringify(options);

export function startFor(options: HandlerOptions): Start {
  const key = keyOf(options);
  let start = starts.get(key);
  if (!start) {
    const carried = key === keyOf(defaultHandlerOptions) ? prepared : undefined;
    starts.set(key, (start = carried ? readStart(carried) : compiled(written(options))));
  }
  return start;
}

function written(options: HandlerOptions): Written {
  const catalogue = new Catalogue(SPECIAL.count);
  for (const shape of usualShapes()) catalogue.resolve(shape);
  return { base: writeBase(), usual: writeHandlers(catalogue.takePending(), options), catalogue };
}

function compiled({ base, usual, catalogue }: Written): Start {
  return { base: new WebAssembly.Module(base), usual: new WebAssembly.Module(usual), catalogue };
}

/** The start for the usual options. Modules with a character for each byte: compressed they are smaller so than in base 64. */
export function prepareStart(): PreparedStart {
  const { base, usual, catalogue } = written(defaultHandlerOptions);
  const textOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return { base: textOf(base), usual: textOf(usual), catalogue: JSON.stringify(catalogue.toText()) };
}

export function readStart({ base, usual, catalogue }: PreparedStart): Start {
  const text = JSON.parse(catalogue) as CatalogueText;
  return compiled({ base: bytesOf(base), usual: bytesOf(usual), catalogue: Catalogue.fromText(text) });
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
