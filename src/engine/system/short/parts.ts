/** Functions of the module that several short ways call. */
import type { Function } from "../../wasm/routine";

export interface Parts {
  /** (linear, bytes, access) -> Wasm offset, or 0. */
  readonly locate: Function;
  /** (base, offset, bytes) -> Wasm offset, or 0. */
  readonly structure: Function;
  /** (selector) -> descriptor, or 0. */
  readonly descriptor: Function;
  /** (low, high half) -> limit. */
  readonly limitOf: Function;
  /** () -> RFLAGS; (RFLAGS). */
  readonly getFlags: Function;
  readonly setFlags: Function;
  /** (ring) -> whether a return to it makes a data segment null. */
  readonly dropsPrivileged: Function;
  /** () -> EXIT. */
  readonly goOn: Function;
}
