/** What `npm run bench:ipc` finds out, as it stands in tests/bench/ipc.json. */
import type { Cell, Stretch } from "./cells";
import type { Repeated } from "./qemu";
import type { Ready } from "./services";
import type { TracingCost } from "./tracing";

export interface Path {
  readonly kernel: number;
  readonly user: number;
}

export interface Results {
  /** Instructions of a system call that does nothing, there and back. */
  readonly emptyCall: number;
  /** From the publisher's call of publish to the first instruction of the callback in another address space, 8 bytes. */
  readonly path: {
    /** The publisher gives the CPU away (PUBLISH_HANDOFF). */
    readonly handoff: Path;
    /** The publisher goes on and then waits by itself, which is counted. */
    readonly plain: Path;
  };
  /** What each further subscriber adds, its context switch and callback included: the slope from 1 to 64, 8 bytes. */
  readonly furtherSubscriber: number;
  /** The longest stretch with interrupts off, by system call, of a session with up to 64 subscribers. */
  readonly interruptsOff: Readonly<Record<string, Stretch>>;
  /** Six services that need each other, started by init at boot, in the order in which they were ready. */
  readonly services: { readonly parallel: readonly Ready[]; readonly sequence: readonly Ready[] };
  /** null: not measured, the tools to build a kernel are missing. */
  readonly tracing: readonly TracingCost[] | null;
  /** null: not measured, QEMU is missing. */
  readonly qemu: readonly Repeated[] | null;
  readonly cells: readonly Cell[];
}
