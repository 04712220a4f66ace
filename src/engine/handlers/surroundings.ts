/** What a handler's code is written into. */
import type { RuntimeFunction } from "../wasm/runtime";
import type { HostFunction } from "./access";

/** What handlers do in short ways, each with its off switch. */
export interface HandlerOptions {
  /** SSE arithmetic is done by the host where that comes to the same (lower/float); off: all of it by system/float. Gains: floating more than 100. */
  readonly hostFloats: boolean;
  /** REP makes many iterations at once where it can (bulk.ts). Gains: strings 1.8, its 32-bit twin 2.1. */
  readonly bulk: boolean;
}
export const defaultHandlerOptions: HandlerOptions = { hostFloats: true, bulk: true };

/** What the module being written offers to its functions. */
export interface Surroundings {
  host(name: HostFunction): number;
  runtime(name: RuntimeFunction): number;
  readonly handlerType: number;
  readonly options: HandlerOptions;
}

/** Local that holds the record. */
export const SELF = 0;
