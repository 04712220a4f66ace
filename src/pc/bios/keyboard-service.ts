/**
 * The keyboard: IRQ 1 turns set 1 scancodes into characters in the ring buffer at 40:1E, INT 16h hands them out (AT technical
 * reference; RBIL 16h). Waiting for a key is done in the ROM.
 */
import { BDA } from "./bda.ts";
import type { Guest } from "./guest.ts";

const SHIFT = {
  right: 0x01,
  left: 0x02,
  control: 0x04,
  alt: 0x08,
  scroll: 0x10,
  num: 0x20,
  caps: 0x40,
  insert: 0x80,
} as const;
/** Bits of 40:96. */
const KEY_FLAGS = { e1: 0x01, e0: 0x02, rightControl: 0x04, rightAlt: 0x08, enhanced: 0x10 } as const;

/** Characters by scancode 01h to 39h: plain, then with Shift. */
const PLAIN = "\x1b1234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
const SHIFTED = '\x1b!@#$%^&*()_+\b\0QWERTYUIOP{}\r\0ASDFGHJKL:"~\0|ZXCVBNM<>?\0*\0 ';
/** Keypad 47h to 53h with Num Lock. */
const KEYPAD = "789-456+1230.";
/** Scancode the BIOS reports for keypad keys with Ctrl, from 47h on. */
const KEYPAD_CONTROL = [0x77, 0x8d, 0x84, 0x8e, 0x73, 0x8f, 0x74, 0x90, 0x75, 0x91, 0x76, 0x92, 0x93];

export class KeyboardService {
  constructor(private readonly guest: Guest) {}

  /** From IRQ 1, with the scancode in AL. */
  interrupt(): void {
    const { guest } = this;
    const code = guest.low("ax");
    const flags = guest.bda8(BDA.keyFlags);
    if (code === 0xe0 || code === 0xe1) {
      guest.setBda8(BDA.keyFlags, flags | (code === 0xe0 ? KEY_FLAGS.e0 : KEY_FLAGS.e1));
      return;
    }
    guest.setBda8(BDA.keyFlags, flags & ~(KEY_FLAGS.e0 | (code & 0x80 && (code & 0x7f) !== 0x1d ? KEY_FLAGS.e1 : 0)));
    // Pause sends E1 1D 45: no character.
    if (flags & KEY_FLAGS.e1) return;
    const extended = (flags & KEY_FLAGS.e0) !== 0;
    if (this.shiftKey(code & 0x7f, !(code & 0x80), extended) || code & 0x80) return;
    const shift = guest.bda8(BDA.shift);
    if (code === 0x53 && shift & SHIFT.control && shift & SHIFT.alt) {
      guest.setBda16(BDA.resetFlag, 0x1234);
      guest.board.requestReset();
      return;
    }
    const key = translate(code, shift, extended);
    if (key !== undefined) this.store(key);
  }

  /** INT 16h */
  call(): void {
    const { guest } = this;
    const call = guest.high("ax");
    switch (call) {
      case 0x00:
      case 0x10:
        return guest.set16("ax", this.take(call === 0x10));
      case 0x01:
      case 0x11:
        return this.peek(call === 0x11);
      case 0x02:
        return guest.setLow("ax", guest.bda8(BDA.shift));
      case 0x12:
        guest.setLow("ax", guest.bda8(BDA.shift));
        return guest.setHigh("ax", this.extendedShift());
      case 0x05:
        return guest.setLow("ax", this.store(guest.get16("cx")) ? 0 : 1);
      case 0x09:
        // Functions that are there: 0Ah, 10h to 12h.
        return guest.setLow("ax", 0x30);
      case 0x0a:
        return guest.set16("bx", 0x41ab);
    }
  }

  /** True when the key is one that only changes the shift state. */
  private shiftKey(key: number, down: boolean, extended: boolean): boolean {
    const { guest } = this;
    const held: Readonly<Record<number, number>> = {
      0x2a: SHIFT.left,
      0x36: SHIFT.right,
      0x1d: SHIFT.control,
      0x38: SHIFT.alt,
    };
    const toggles: Readonly<Record<number, number>> = { 0x3a: SHIFT.caps, 0x45: SHIFT.num, 0x46: SHIFT.scroll };
    const shift = guest.bda8(BDA.shift);
    // E0 2A and E0 36 are the shifts that Print Screen and the grey keys fake.
    if (extended && (key === 0x2a || key === 0x36)) return true;
    if (key in held) {
      guest.setBda8(BDA.shift, down ? shift | held[key] : shift & ~held[key]);
      const right = key === 0x1d ? KEY_FLAGS.rightControl : key === 0x38 ? KEY_FLAGS.rightAlt : 0;
      if (extended && right) {
        const flags = guest.bda8(BDA.keyFlags);
        guest.setBda8(BDA.keyFlags, down ? flags | right : flags & ~right);
      }
      return true;
    }
    if (!(key in toggles) || extended) return false;
    if (down) guest.setBda8(BDA.shift, shift ^ toggles[key]);
    return true;
  }

  private extendedShift(): number {
    const { guest } = this;
    const shift = guest.bda8(BDA.shift);
    const right = guest.bda8(BDA.keyFlags) & (KEY_FLAGS.rightControl | KEY_FLAGS.rightAlt);
    return right | (shift & SHIFT.control ? 1 : 0) | (shift & SHIFT.alt ? 2 : 0);
  }

  private next(position: number): number {
    const after = position + 2;
    return after >= this.guest.bda16(BDA.keyEnd) ? this.guest.bda16(BDA.keyStart) : after;
  }

  private store(key: number): boolean {
    const { guest } = this;
    const tail = guest.bda16(BDA.keyTail);
    const after = this.next(tail);
    if (after === guest.bda16(BDA.keyHead)) return false;
    guest.setBda16(tail, key);
    guest.setBda16(BDA.keyTail, after);
    return true;
  }

  private take(enhanced: boolean): number {
    const { guest } = this;
    const head = guest.bda16(BDA.keyHead);
    guest.setBda16(BDA.keyHead, this.next(head));
    return shown(guest.bda16(head), enhanced);
  }

  private peek(enhanced: boolean): void {
    const { guest } = this;
    const head = guest.bda16(BDA.keyHead);
    const empty = head === guest.bda16(BDA.keyTail);
    guest.setFlags(0x40, empty ? 0x40 : 0);
    if (!empty) guest.set16("ax", shown(guest.bda16(head), enhanced));
  }
}

/** The old calls do not know the E0 of the grey keys. */
const shown = (key: number, enhanced: boolean): number => {
  if (enhanced) return key;
  if ((key & 0xff) === 0xe0 && key !== 0xe0) return key & 0xff00;
  if (key >> 8 === 0xe0) return (key & 0xff) === 0x2f ? 0x352f : 0x1c00 | (key & 0xff);
  return key;
};

/** Character in the low byte, scancode in the high one; undefined for a combination that gives none. */
function translate(code: number, shift: number, extended: boolean): number | undefined {
  const control = (shift & SHIFT.control) !== 0;
  const alt = (shift & SHIFT.alt) !== 0;
  const shifted = (shift & (SHIFT.left | SHIFT.right)) !== 0;
  if (code >= 0x47 && code <= 0x53)
    return keypad(code, { control, alt, shifted, num: (shift & SHIFT.num) !== 0, extended });
  if (extended && code === 0x1c) return alt ? 0xa600 : control ? 0xe00a : 0xe00d;
  if (extended && code === 0x35) return alt ? 0xa400 : control ? 0x9500 : 0xe02f;
  if (code >= 0x3b && code <= 0x44) return (code + (alt ? 0x2d : control ? 0x23 : shifted ? 0x19 : 0)) << 8;
  if (code === 0x57 || code === 0x58) return (code + 0x2e + (alt ? 6 : control ? 4 : shifted ? 2 : 0)) << 8;
  if (code === 0 || code > PLAIN.length) return code === 0x56 ? (code << 8) | (shifted ? 0x7c : 0x5c) : undefined;
  const plain = PLAIN.charCodeAt(code - 1);
  if (alt) return alternate(code);
  if (control) return controlled(code, plain);
  if (code === 0x0f && shifted) return 0x0f00;
  const letter = plain >= 0x61 && plain <= 0x7a;
  const upper = shifted !== (letter && (shift & SHIFT.caps) !== 0);
  const character = upper ? SHIFTED.charCodeAt(code - 1) : plain;
  return character === 0 ? undefined : (code << 8) | character;
}

function alternate(code: number): number {
  // The digit row has scancodes of its own with Alt.
  if (code >= 0x02 && code <= 0x0d) return (code + 0x76) << 8;
  if (code === 0x0f) return 0xa500;
  return code === 0x39 ? 0x3920 : code << 8;
}

function controlled(code: number, plain: number): number | undefined {
  if (plain >= 0x61 && plain <= 0x7a) return (code << 8) | (plain - 0x60);
  const special: Readonly<Record<number, number>> = {
    0x01: 0x011b,
    0x03: 0x0300,
    0x07: 0x071e,
    0x0c: 0x0c1f,
    0x0e: 0x0e7f,
    0x0f: 0x9400,
    0x1a: 0x1a1b,
    0x1b: 0x1b1d,
    0x1c: 0x1c0a,
    0x2b: 0x2b1c,
    0x37: 0x9600,
    0x39: 0x3920,
  };
  return special[code];
}

interface KeypadState {
  control: boolean;
  alt: boolean;
  shifted: boolean;
  num: boolean;
  extended: boolean;
}

function keypad(code: number, { control, alt, shifted, num, extended }: KeypadState): number | undefined {
  const index = code - 0x47;
  if (alt) return extended ? (code + 0x50) << 8 : code === 0x4a || code === 0x4e ? code << 8 : undefined;
  if (control) return (KEYPAD_CONTROL[index] << 8) | (extended ? 0xe0 : 0);
  if (extended) return (code << 8) | 0xe0;
  const sign = code === 0x4a || code === 0x4e;
  if (sign || num !== shifted) return (code << 8) | KEYPAD.charCodeAt(index);
  return code === 0x4c ? 0x4c00 : code << 8;
}
