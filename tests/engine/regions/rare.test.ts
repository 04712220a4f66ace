/** What programs seldom do to a region: each as the interpreter does it. */
import { describe, expect, test } from "vitest";
import { PROVEN } from "../../../src/engine/areas";
import { ProvenPages } from "../../../src/engine/regions/pages";
import { bareMachine, CODE, DATA, hashOf, legacyMachine, longMachine, type Machine, STACK } from "../machine";

const ALWAYS = { threshold: 0, work: 0 };
const GDT = 0x5000,
  IDT = 0x6000,
  HANDLER = 0x7000;
const GP = 13;
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
/** JNZ to the beginning of this. */
const back = (body: string) => `75${(0x100 - bytes(body).length - 2).toString(16)}`;
const memoryOf = ({ cpu }: Machine) => new DataView(cpu.ram.buffer, cpu.ram.byteOffset);

/** Code of that many bits as regions and interpreted: the same behind each portion, and at the end. Returns the first. */
function same(hex: string, bits: 32 | 64, prepare: (machine: Machine) => void, portion = 1_000_000): Machine {
  const machines = [ALWAYS, false as const].map((regions) => {
    const machine = bits === 64 ? longMachine(bytes(hex), 4, regions) : legacyMachine(bytes(hex), 32, regions);
    for (let n = 0; n < 16; n++) if (n !== 4) machine.state.set64("registers", 0n, n);
    prepare(machine);
    machine.cpu.flushCaches();
    return machine;
  });
  const seen = (machine: Machine) => {
    const stop = machine.cpu.run(machine.cpu.clock + portion);
    const registers = Array.from({ length: 16 }, (_, n) => machine.state.get64("registers", n));
    return { stop, clock: machine.cpu.clock, rip: machine.state.get64("rip"), registers };
  };
  for (;;) {
    const [first, other] = machines.map(seen);
    expect(first).toEqual(other);
    if (first.stop.kind === "ticks" && first.clock < 1_000_000) continue;
    expect(first.stop).toEqual({ kind: "halted", forever: true });
    expect(hashOf(machines[0])).toBe(hashOf(machines[1]));
    expect(machines[0].cpu.regions!.counts.compiled).toBeGreaterThan(0);
    return machines[0];
  }
}

/** #GP leads to a HLT. Selectors: 8 code, 16 data, 24 code of 32 bits that ends behind two pages from CODE. */
function gates(machine: Machine, long: boolean): void {
  const { cpu, state } = machine;
  const memory = memoryOf(machine);
  memory.setBigUint64(GDT + 8, long ? 0x00af_9b00_0000_ffffn : 0x00cf_9b00_0000_ffffn, true);
  memory.setBigUint64(GDT + 16, 0x00cf_9300_0000_ffffn, true);
  memory.setBigUint64(GDT + 24, 0x00c0_9b00_0000_0101n, true);
  memory.setBigUint64(IDT + GP * (long ? 16 : 8), BigInt(HANDLER) | (8n << 16n) | (0x8e00n << 32n), true);
  cpu.ram[HANDLER] = 0xf4;
  for (const [name, at] of [["gdt", GDT] as const, ["idt", IDT] as const]) {
    state.set64(`${name}Base`, BigInt(at));
    state.set32(`${name}Limit`, 0xff);
  }
}

describe("targets of jumps where no code can be", () => {
  test("a call finds that before it writes its return address (SDM 2A CALL)", () => {
    // mov $100,%ecx; lea -8(%rsp),%rsp; 1: movl $0,-8(%rsp); call *%rbx; dec %ecx; cmp $9,%ecx; cmove %rdx,%rbx; jmp 1b; at 40: ret
    const hex = "b964000000 488d6424f8 c74424f800000000 ffd3 ffc9 83f909 480f44da ebeb";
    const machine = same(hex, 64, (made) => {
      gates(made, true);
      made.cpu.ram[CODE + 0x40] = 0xc3;
      made.state.set64("registers", BigInt(CODE + 0x40), 3);
      made.state.set64("registers", 1n << 48n, 2);
    });
    // The frame is aligned to 16 bytes: the place of the return address lies above it.
    const at = (offset: number) => memoryOf(machine).getBigUint64(STACK - offset, true);
    expect([at(0x10), at(0x20), at(0x38)]).toEqual([0n, BigInt(STACK - 8), BigInt(CODE + 18)]);
  });

  test("beyond a limit of CS that was not there when the region was made", () => {
    const [again, phase, beyond] = [CODE + 0x0f, CODE + 0x40, CODE + 0x3000];
    const quad = (value: number) => value.toString(16).padStart(8, "0").match(/../g)!.reverse().join("");
    // mov $100,%ecx; mov $1f,%ebx; mov %ebx,%esi; nop x 3; again: jmp *%ebx; 1: cmp $7,%ecx; cmove %esi,%ebx; dec %ecx; jnz again; ljmp $24,$phase
    const first = `b964000000 bb${quad(again + 2)} 89de 909090 ffe3 83f907 0f44de 49 75f5 ea${quad(phase)}1800`;
    // mov $100,%ecx; mov $beyond,%esi; jmp again
    const second = `b964000000 be${quad(beyond)} e9${quad((again - phase - 15) >>> 0)}`;
    const machine = same(first, 32, (made) => {
      gates(made, false);
      made.cpu.ram.set(bytes(second), phase);
      made.cpu.ram[beyond] = 0xf4;
    });
    const stack = Number(machine.state.get64("registers", 4));
    // The fault is that of the jump.
    expect([memoryOf(machine).getUint32(stack + 4, true), memoryOf(machine).getUint32(stack + 8, true)]).toEqual([
      again,
      24,
    ]);
  });
});

describe("addresses outside 64-bit mode", () => {
  test("the base of FS is written without a load of the segment (SDM 3, 3.4.4)", () => {
    // mov $200,%esi; 1: mov %esi,%eax; and $0x10,%eax; mov $0xc0000100,%ecx; xor %edx,%edx; wrmsr; add %fs:DATA,%edi; dec %esi; jnz 1b; hlt
    const { state } = same("bec8000000 89f0 83e010 b9000100c0 31d2 0f30 64033d00002000 4e 75e8 f4", 32, (machine) => {
      memoryOf(machine).setUint32(DATA, 1, true);
      memoryOf(machine).setUint32(DATA + 0x10, 0x1000, true);
    });
    expect(state.get64("registers", 7)).toBe(104n + 96n * 0x1000n);
  });

  /** 1: mov %esi,%ds; mov $50,%ecx; 2: the access; dec %ecx; jnz 2b; add $16,%esi; cmp $64,%esi; jb 1b; hlt */
  const throughEach = (access: string) =>
    `8ede b932000000 ${access} 49 75${(0xfd - bytes(access).length).toString(16)} 83c610 83fe40 72${(0xee - bytes(access).length).toString(16)} f4`;
  const segments = (machine: Machine, from: number) => {
    gates(machine, false);
    const memory = memoryOf(machine);
    // 32: with a base; 48: read-only.
    memory.setBigUint64(GDT + 32, 0x00cf_9300_1000_ffffn, true);
    memory.setBigUint64(GDT + 48, 0x00cf_9100_0000_ffffn, true);
    machine.state.set64("registers", BigInt(from), 6);
  };

  test("by a segment that was flat when the region was made", () => {
    // add DATA,%edi
    const { state } = same(throughEach("033d00002000"), 32, (machine) => {
      segments(machine, 16);
      memoryOf(machine).setUint32(DATA, 1, true);
      memoryOf(machine).setUint32(DATA + 0x1000, 0x1000, true);
    });
    expect(state.get64("registers", 7)).toBe(50n + 50n * 0x1000n + 50n);
  });

  test("by a segment that could be written when the region was made", () => {
    // incl DATA
    const machine = same(throughEach("ff0500002000"), 32, (made) => segments(made, 32));
    const memory = memoryOf(machine);
    expect([memory.getUint32(DATA + 0x1000, true), memory.getUint32(DATA, true)]).toEqual([50, 0]);
    // The handler of #GP was come to.
    expect(machine.state.get64("rip")).toBe(BigInt(HANDLER + 1));
  });

  test("of 16 bits wrap at 64 KiB", () => {
    // mov $100,%ecx; mov $0x1ffff,%ebx; 1: addr16 add 2(%bx),%eax; dec %ecx; jnz 1b; hlt
    const { state } = same("b964000000 bbffff0100 67034702 49 75f9 f4", 32, (machine) => {
      memoryOf(machine).setUint32(1, 3, true);
      memoryOf(machine).setUint32(0x2_0001, 5, true);
    });
    expect(state.get64("registers", 0)).toBe(300n);
  });
});

describe("what is known of floats", () => {
  const NAN = 0x7ff0_0000_0000_0001n;
  const INVALID = 1,
    DENORMAL = 2;
  const ones = ({ state }: Machine) => {
    state.set64("cr4", 0x220n);
    state.set32("mxcsr", 0x1fa0);
    for (let n = 0; n < 16; n++) state.set64("xmm", 0x3ff0_0000_0000_0000n, n);
  };
  const seen = ({ state }: Machine) => state.get32("mxcsr") & 0x3f;

  test.each([
    [NAN, INVALID],
    [5n, DENORMAL],
  ])("is forgotten where the interpreter writes them: %i", (written, flag) => {
    // mov $50,%ecx; 1: movapd %xmm5,%xmm1; addsd %xmm1,%xmm0; mulsd %xmm0,%xmm0; movq2dq %mm0,%xmm0; movq2dq %mm0,%xmm1;
    // addsd %xmm1,%xmm3; addsd %xmm0,%xmm4; movapd %xmm5,%xmm0; dec %ecx; jnz 1b; hlt
    const body = "660f28cd f20f58c1 f20f59c0 f30fd6c0 f30fd6c8 f20f58d9 f20f58e0 660f28c5 ffc9 75dc f4";
    const machine = same(`b932000000 ${body}`, 64, (made) => {
      ones(made);
      made.state.set64("fpr", written, 0);
    });
    expect(seen(machine)).toBe(0x20 | flag);
  });

  test.each(["660f70c04e", "660fc6c001"])(
    "of the lowest lane does not hold for the one that takes its place: %s",
    (shuffle) => {
      // mov $50,%ecx; 1: movapd %xmm5,%xmm0; addsd %xmm1,%xmm0; mulsd %xmm0,%xmm0; PSHUFD or SHUFPD; addsd %xmm0,%xmm2; dec %ecx; jnz 1b; hlt
      const body = `660f28c5 f20f58c1 f20f59c0 ${shuffle} f20f58d0 ffc9`;
      const machine = same(`b932000000 ${body} ${back(body)} f4`, 64, (made) => {
        ones(made);
        made.state.set64("xmm", 5n, 11);
      });
      expect(seen(machine)).toBe(0x20 | DENORMAL);
    },
  );
});

test.each([1, 7, 11, 29, 37])("REP before other blocks ends where the ticks do, %i at once", (portion) => {
  // mov $30,%ebp; 1: mov $DATA,%edi; mov $20,%ecx; rep stosb; rdtsc; test $1,%bpl; jz 2f; inc %ebx; 2: test $2,%bpl; jz 3f; inc %esi;
  // 3: mov $5,%cl; rep stosb; inc %eax; dec %ebp; jnz 1b; hlt
  const body = "bf00002000 b914000000 f3aa 0f31 40f6c501 7402 ffc3 40f6c502 7402 ffc6 b105 f3aa ffc0 ffcd";
  same(`bd1e000000 ${body} ${back(body)} f4`, 64, () => {}, portion);
});

test("a cell that is used again proves nothing", () => {
  const { state } = bareMachine();
  const pages = new ProvenPages(state);
  const at = pages.take(0x40_0000n, 0x1000)!;
  expect([at, pages.take(0x40_0000n, 0x1000)]).toEqual([PROVEN.at, at]);
  state.u32[at >>> 2] = 7;
  pages.release([at]);
  // One user is left; and neither another page nor another frame has to do with it.
  expect(pages.take(0x40_0000n, 0x2000)).not.toBe(at);
  expect(pages.take(0x40_0001n, 0x1000)).not.toBe(at);
  expect(state.u32[at >>> 2]).toBe(7);
  pages.release([at]);
  expect(pages.take(0x40_0000n, 0x3000)).toBe(at);
  expect(state.u32[at >>> 2]).toBe(0);
});
