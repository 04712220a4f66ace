/** Types a text on the PC's keyboard, one key movement at a time, in virtual time. */
import { keyOf, type Pc } from "../pc/pc.ts";
import { UsageError } from "./options.ts";

const MOVE_US = 10_000;
/** After Enter, time for the guest to act on the line. */
const LINE_US = 100_000;

interface Move {
  readonly code: string;
  readonly down: boolean;
  readonly wait: number;
}

export class Typist {
  private readonly moves: Move[];
  private next = 0;
  /** The tick of the next move; Infinity before typing begins and after its end. */
  due = Infinity;

  constructor(
    text: string,
    private readonly mhz: number,
  ) {
    this.moves = [...text].flatMap(movesFor);
  }

  begin(tick: number): void {
    this.due = this.moves.length ? tick : Infinity;
  }

  /** Makes the move that is due. Nothing is typed ahead: the machine must have taken every byte before. */
  type(pc: Pc): void {
    if (pc.clock < this.due) return;
    const { code, down, wait } = this.moves[this.next];
    const taken = pc.pendingKeys === 0 && pc.input({ kind: "key", code, down });
    if (taken) this.next++;
    this.due = this.next < this.moves.length ? pc.clock + (taken ? wait : MOVE_US) * this.mhz : Infinity;
  }
}

function movesFor(character: string): Move[] {
  const key = keyOf(character);
  if (!key) throw new UsageError(`--keys: there is no key for ${JSON.stringify(character)} on a US keyboard`);
  const move = (code: string, down: boolean, wait = MOVE_US): Move => ({ code, down, wait });
  const press = [move(key.code, true), move(key.code, false, key.code === "Enter" ? LINE_US : MOVE_US)];
  return key.shift ? [move("ShiftLeft", true), ...press, move("ShiftLeft", false)] : press;
}
