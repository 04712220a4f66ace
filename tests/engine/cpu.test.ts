import { describe, expect, it } from "vitest";
import { record } from "../../src/engine/record";
import { bareMachine, CODE, DATA, enterLongMode, hashOf, longMachine, type Machine, register } from "./machine";

const RAX = 0,
  RCX = 1,
  RSI = 6,
  RDI = 7;

/** mov ecx, 10; loop: add rax, rcx; dec ecx; jnz loop; hlt */
const LOOP = [0xb9, 10, 0, 0, 0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xf4];
const LOOP_TICKS = 1 + 10 * 3 + 1;
/** mov [DATA + rcx * 8], rax; push; call and ret; a loop with memory, stack and a taken jump in the middle. */
const MIXED = [
  ...[0xb9, 5, 0, 0, 0], // mov ecx, 5
  ...[0x48, 0x89, 0x04, 0xcd, 0x00, 0x00, 0x20, 0x00], // loop: mov [rcx * 8 + DATA], rax
  ...[0x50], // push rax
  ...[0xe8, 0x0a, 0x00, 0x00, 0x00], // call sub
  ...[0x5b], // pop rbx
  ...[0xf6, 0xc1, 0x01], // test cl, 1
  ...[0x75, 0x01], // jnz over
  ...[0x90], // nop
  ...[0xe2, 0xe9], // over: loop
  ...[0xf4], // hlt
  ...[0x48, 0x8d, 0x44, 0x48, 0x03], // sub: lea rax, [rax + rcx * 2 + 3]
  ...[0xc3], // ret
];

function runWhole(code: readonly number[]): { ticks: number; machine: Machine } {
  const machine = longMachine(code);
  expect(machine.cpu.run(100_000).kind).toBe("halted");
  return { ticks: machine.cpu.clock, machine };
}

describe("the clock", () => {
  it("counts every instruction once", () => {
    const { ticks, machine } = runWhole(LOOP);
    expect(ticks).toBe(LOOP_TICKS);
    expect(register(machine, RAX)).toBe(55n);
    expect(machine.state.get64("rip")).toBe(BigInt(CODE + LOOP.length));
  });

  it.each([
    ["a loop", LOOP],
    ["memory, stack, calls", MIXED],
  ])("reaches any tick in one run or in single ticks with the same state: %s", (_, code) => {
    const { ticks } = runWhole(code);
    const stepped = longMachine(code, 3);
    for (let tick = 1; tick <= ticks; tick++) {
      stepped.cpu.run(tick);
      expect(stepped.cpu.clock).toBe(tick);
      const whole = longMachine(code, 3);
      whole.cpu.run(tick);
      expect([tick, hashOf(whole)]).toEqual([tick, hashOf(stepped)]);
    }
  });

  it("ends between CLI, STI, PUSHF and POPF with the same state, whether they have short ways or not", () => {
    // mov ecx, 5; 1: sti; nop; cli; sti; sti; pushf; cli; popf; sti; loop 1b; cli; sti; hlt
    const code = [0xb9, 5, 0, 0, 0, 0xfb, 0x90, 0xfa, 0xfb, 0xfb, 0x9c, 0xfa, 0x9d, 0xfb, 0xe2, 0xf5, 0xfa, 0xfb, 0xf4];
    const { ticks } = runWhole(code);
    expect(ticks).toBe(1 + 5 * 10 + 3);
    for (let tick = 1; tick <= ticks; tick++) {
      const hashes = [true, false].map((quick) => {
        const machine = bareMachine(4, false, { quick });
        machine.cpu.ram.set(code, CODE);
        enterLongMode(machine.cpu, machine.state);
        machine.cpu.run(tick);
        expect(machine.cpu.clock).toBe(tick);
        return hashOf(machine);
      });
      expect([tick, hashes[0]]).toEqual([tick, hashes[1]]);
    }
  });

  it("is exact inside a port access, in the middle of a block", () => {
    // nop; nop; out 0x80, al; nop; out 0x80, al; hlt
    const machine = longMachine([0x90, 0x90, 0xe6, 0x80, 0x90, 0xe6, 0x80, 0xf4]);
    machine.cpu.run(100);
    expect(machine.board.writes.map(({ clock }) => clock)).toEqual([2, 4]);
  });

  it("skips while halted and counts that as idle", () => {
    const { machine } = runWhole(LOOP);
    machine.cpu.skip(500);
    expect(machine.cpu.clock).toBe(500);
    expect(machine.cpu.idleTicks).toBe(500 - LOOP_TICKS);
  });
});

describe("REP", () => {
  /** mov esi, DATA; mov edi, DATA + 0x800; mov ecx, 7; rep movsb; hlt */
  const COPY = [
    ...[0xbe, 0x00, 0x00, 0x20, 0x00, 0xbf, 0x00, 0x08, 0x20, 0x00, 0xb9, 7, 0, 0, 0],
    ...[0xf3, 0xa4, 0xf4],
  ];
  const fill = (machine: Machine) => {
    for (let n = 0; n < 7; n++) machine.cpu.ram[DATA + n] = n + 1;
  };

  it("counts each iteration, and stands still at the instruction between iterations", () => {
    for (let tick = 1; tick <= 11; tick++) {
      const machine = longMachine(COPY);
      fill(machine);
      machine.cpu.run(tick);
      const done = Math.min(7, Math.max(0, tick - 3));
      expect(machine.cpu.clock).toBe(tick);
      expect(register(machine, RCX)).toBe(tick < 3 ? 0n : BigInt(7 - done));
      if (tick >= 3) expect(register(machine, RSI)).toBe(BigInt(DATA + done));
      if (tick >= 3 && done < 7) expect(machine.state.get64("rip")).toBe(BigInt(CODE + 15));
      expect([...machine.cpu.ram.subarray(DATA + 0x800, DATA + 0x807)]).toEqual(
        [1, 2, 3, 4, 5, 6, 7].map((value, n) => (n < done ? value : 0)),
      );
    }
  });

  it("does nothing for one tick when the count is 0", () => {
    const machine = longMachine([0x31, 0xc9, 0xf3, 0xa4, 0xf4]);
    machine.cpu.run(100);
    expect(machine.cpu.clock).toBe(3);
  });

  it("ends REPNE SCASB at the match", () => {
    // mov edi, DATA; mov ecx, 100; mov al, 5; repne scasb; hlt
    const machine = longMachine([0xbf, 0, 0, 0x20, 0, 0xb9, 100, 0, 0, 0, 0xb0, 5, 0xf2, 0xae, 0xf4]);
    fill(machine);
    machine.cpu.run(1000);
    expect(register(machine, RDI)).toBe(BigInt(DATA + 5));
    expect(machine.cpu.clock).toBe(3 + 5 + 1);
  });
});

describe("code that changes", () => {
  it("takes effect at the next instruction, even in the running block", () => {
    // mov byte [rip + 2], 7 (the immediate of the next instruction); mov eax, 1; hlt
    const machine = longMachine([0xc6, 0x05, 0x01, 0, 0, 0, 7, 0xb8, 1, 0, 0, 0, 0xf4]);
    machine.cpu.run(100);
    expect(register(machine, RAX)).toBe(7n);
    expect(machine.cpu.clock).toBe(3);
  });

  it("is seen through a jump that was linked to it", () => {
    // mov ecx, 4; loop: add eax, 1; inc byte [loop's immediate]; dec ecx; jnz loop; hlt
    const code = [0xb9, 4, 0, 0, 0, 0x83, 0xc0, 1, 0xfe, 0x05, 0xf9, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x75, 0xf3, 0xf4];
    const { machine } = runWhole(code);
    expect(register(machine, RAX)).toBe(1n + 2n + 3n + 4n);
  });

  it("is noticed when written from outside", () => {
    const machine = longMachine(LOOP);
    machine.cpu.run(5);
    machine.cpu.ram.set([0xf4], CODE + 5);
    machine.cpu.memoryChanged(CODE + 5, 1);
    machine.cpu.run(100);
    expect(machine.cpu.clock).toBe(8);
  });

  it("may be more than fits: everything is decoded anew", () => {
    const jumps = 180_000;
    const machine = longMachine([], 4);
    for (let n = 0; n < jumps; n++) machine.cpu.ram.set([0xeb, 0x00], DATA + 2 * n);
    machine.cpu.ram[DATA + 2 * jumps] = 0xf4;
    machine.state.set64("rip", BigInt(DATA));
    expect(machine.cpu.run(2 ** 30).kind).toBe("halted");
    expect(machine.cpu.clock).toBe(jumps + 1);
    expect(machine.cpu.blocks.counts.flushes).toBeGreaterThan(1);
  });

  it("runs instructions that cross into the next page, and sees that page change", () => {
    const machine = longMachine([0xf4]);
    const at = CODE + 0x1000 - 3;
    machine.cpu.ram.set([0xb8, 1, 2, 3, 4, 0xeb, 0xf9], at); // mov eax, 0x04030201; jmp back
    machine.state.set64("rip", BigInt(at));
    machine.cpu.run(2);
    expect(register(machine, RAX)).toBe(0x04030201n);
    machine.cpu.ram[CODE + 0x1000] = 9;
    machine.cpu.memoryChanged(CODE + 0x1000, 1);
    machine.cpu.run(4);
    expect(register(machine, RAX)).toBe(0x04090201n);
  });
});

describe("code at the end of 4 GiB", () => {
  it("goes on behind it in 64-bit mode, in the middle of an instruction", () => {
    // The pages on both sides of 4 GiB lie in the memory from DATA on.
    const machine = longMachine([]);
    const { cpu, state } = machine;
    const memory = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
    const pointers = Number(memory.getBigUint64(Number(state.get64("cr3")), true) & ~0xfffn);
    const [below, above] = [0x2_0000, 0x2_1000];
    memory.setBigUint64(pointers + 3 * 8, BigInt(below | 7), true);
    memory.setBigUint64(below + 511 * 8, BigInt(DATA | 0x87), true);
    memory.setBigUint64(pointers + 4 * 8, BigInt(above | 7), true);
    memory.setBigUint64(above, BigInt(DATA | 0x87), true);
    // mov $0x04030201,%eax; hlt. At 0, where addresses of 32 bits would go on, stands something else.
    cpu.ram.set([0xb8, 1], DATA + 0x1f_fffe);
    cpu.ram.set([2, 3, 4, 0xf4], DATA);
    cpu.ram.set([5, 6, 7, 0xf4], 0);
    state.set64("rip", 0xffff_fffen);
    cpu.flushCaches();
    expect(cpu.run(100)).toEqual({ kind: "halted", forever: true });
    expect([register(machine, RAX), state.get64("rip")]).toEqual([0x0403_0201n, 0x1_0000_0004n]);
  });
});

describe("code at the end of the lower half of the addresses", () => {
  it("does not go on in the upper half: #GP behind its last instruction", () => {
    const machine = longMachine([]);
    const { cpu, state } = machine;
    const top = Number(state.get64("cr3"));
    const memory = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
    const [pointers, pages] = [0x2_0000, 0x2_1000];
    memory.setBigUint64(top + 255 * 8, BigInt(pointers | 7), true);
    memory.setBigUint64(pointers + 511 * 8, BigInt(pages | 7), true);
    memory.setBigUint64(pages + 511 * 8, BigInt(DATA | 0x87), true);
    // Where the bits that are translated go on there is code as well.
    memory.setBigUint64(top + 256 * 8, memory.getBigUint64(top, true), true);
    cpu.ram[DATA + 0x1f_ffff] = 0x90;
    cpu.ram.fill(0xf4, 0, 16);
    state.set64("idtBase", 0x3_0000n);
    state.set64("rip", 0x7fff_ffff_ffffn);
    cpu.flushCaches();
    const stop = cpu.run(100);
    expect(stop.kind).toBe("tripleFault");
    expect("report" in stop && stop.report).toMatch(/triple fault: #GP\(0\)/);
    expect(state.get64("rip")).toBe(0x8000_0000_0000n);
  });
});

describe("jumps within a page", () => {
  it("are linked to the block that they lead to, until it is dropped", () => {
    // 1: inc eax; jmp 2f; nop; 2: inc ebx; jmp 1b
    const machine = longMachine([0xff, 0xc0, 0xeb, 1, 0x90, 0xff, 0xc3, 0xeb, 0xf7]);
    const { cpu, state } = machine;
    cpu.run(20);
    const block = (at: number) => cpu.blocks.known(CODE + at, state.get32("mode"))!;
    const [first, second] = [block(0), block(5)];
    const linkOf = ({ jumps }: typeof first) => state.u32[(jumps[0].record + record.link) >>> 2];
    expect([linkOf(first), linkOf(second)]).toEqual([second.record, first.record]);
    cpu.memoryChanged(CODE + 6, 1);
    expect([second.dropped, linkOf(first)]).toEqual([true, 0]);
    cpu.run(40);
    expect([linkOf(first), linkOf(block(5))]).toEqual([block(5).record, first.record]);
    expect(block(5)).not.toBe(second);
  });
});

describe("events between instructions", () => {
  /** Handler at CODE + 0x800: inc r15; iretq. Gates for every vector. */
  function withHandler(code: readonly number[]): Machine {
    const machine = longMachine(code);
    const { cpu, state } = machine;
    const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
    const [gdt, idt, handler] = [0x5000, 0x6000, CODE + 0x800];
    view.setBigUint64(gdt + 8, 0x00af_9b00_0000_ffffn, true);
    view.setBigUint64(gdt + 16, 0x00cf_9300_0000_ffffn, true);
    for (let vector = 0; vector < 256; vector++) {
      view.setUint16(idt + vector * 16, handler & 0xffff, true);
      view.setUint16(idt + vector * 16 + 2, 8, true);
      view.setUint16(idt + vector * 16 + 4, 0x8e00, true);
      view.setUint16(idt + vector * 16 + 6, handler >>> 16, true);
    }
    cpu.ram.set([0x49, 0xff, 0xc7, 0x48, 0xcf], handler);
    state.set64("gdtBase", BigInt(gdt));
    state.set32("gdtLimit", 0xff);
    state.set64("idtBase", BigInt(idt));
    state.set32("idtLimit", 0xfff);
    return machine;
  }
  const R15 = 15;
  const handled = (machine: Machine) => Number(register(machine, R15));

  it("takes an interrupt at the tick at which it becomes pending", () => {
    const machine = withHandler([0xfb, 0x90, 0xeb, 0xfe]);
    machine.cpu.run(50);
    machine.board.pending = 0x40;
    machine.cpu.run(51);
    expect(handled(machine)).toBe(1);
    expect(machine.cpu.clock).toBe(51);
  });

  it("holds interrupts for one instruction after STI", () => {
    // sti; inc eax; inc eax; hlt
    const machine = withHandler([0xfb, 0xff, 0xc0, 0xff, 0xc0, 0xf4]);
    machine.board.pending = 0x40;
    machine.cpu.run(2);
    expect([register(machine, RAX), handled(machine)]).toEqual([1n, 0]);
    machine.cpu.run(3);
    expect([register(machine, RAX), handled(machine)]).toEqual([1n, 1]);
  });

  it("holds an interrupt that comes just after STI, but not one later", () => {
    for (const [comes, done] of [
      [1, 1n],
      [2, 1n],
      [3, 2n],
    ] as const) {
      const machine = withHandler([0xfb, 0xff, 0xc0, 0xff, 0xc0, 0xf4]);
      machine.cpu.run(comes);
      machine.board.pending = 0x40;
      machine.cpu.run(comes === 1 ? 3 : comes + 1);
      expect([comes, register(machine, RAX), handled(machine)]).toEqual([comes, done, 1]);
    }
  });

  it("wakes from HLT", () => {
    const machine = withHandler([0xfb, 0xf4, 0xff, 0xc0, 0xf4]);
    expect(machine.cpu.run(100)).toEqual({ kind: "halted", forever: false });
    machine.cpu.skip(60);
    machine.board.pending = 0x40;
    expect(machine.cpu.run(100)).toEqual({ kind: "halted", forever: false });
    expect([register(machine, RAX), handled(machine), machine.cpu.clock]).toEqual([1n, 1, 64]);
  });

  it("traps after each instruction while TF is set", () => {
    // pushf; or dword [rsp], 0x100; popf; inc eax; inc eax; jmp $
    const code = [0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0xff, 0xc0, 0xff, 0xc0, 0xeb, 0xfe];
    const machine = withHandler(code);
    machine.cpu.run(3 + 1 + 2 + 1 + 2);
    expect([register(machine, RAX), handled(machine)]).toEqual([2n, 2]);
  });

  it("is woken from HLT by the trap of TF", () => {
    // pushf; or dword [rsp], 0x100; popf; hlt; inc eax; jmp $
    const machine = withHandler([0x9c, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d, 0xf4, 0xff, 0xc0, 0xeb, 0xfe]);
    expect(machine.cpu.run(3 + 1 + 2 + 1 + 2)).toEqual({ kind: "ticks" });
    expect([register(machine, RAX), handled(machine)]).toEqual([1n, 2]);
  });

  it("delivers a fault with RIP at the instruction, for one tick", () => {
    // inc eax; mov rbx, [non-canonical]; the handler returns to it for ever
    const code = [0xff, 0xc0, 0x48, 0xb9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x48, 0x8b, 0x19];
    const machine = withHandler(code);
    machine.cpu.ram.set([0x5a, 0x49, 0xff, 0xc7, 0xf4], CODE + 0x800); // pop rdx (error code); inc r15; hlt
    machine.cpu.run(100);
    expect(machine.cpu.clock).toBe(2 + 1 + 3);
    const stack = new DataView(machine.cpu.ram.buffer, machine.cpu.ram.byteOffset + Number(register(machine, 4)));
    expect(stack.getBigUint64(0, true)).toBe(BigInt(CODE + 12));
    expect(register(machine, 2)).toBe(0n);
  });

  it("leaves the block after a port access that wants attention", () => {
    const machine = withHandler([0xe6, 0x80, 0x90, 0x90, 0xf4]);
    machine.board.attention = true;
    expect(machine.cpu.run(100)).toEqual({ kind: "attention" });
    expect(machine.cpu.clock).toBe(1);
    machine.cpu.run(100);
    expect(machine.cpu.clock).toBe(4);
  });
});

describe("the 16-bit modes", () => {
  /** Real mode with code at 0:7C00, DS = 1000 hexadecimal; vector 13 leads to a HLT at 0:7000. */
  function realMachine(code: readonly number[]): Machine {
    const machine = bareMachine(3);
    const { cpu, state } = machine;
    cpu.ram.set(code, 0x7c00);
    cpu.ram.set([0x00, 0x70, 0, 0], 13 * 4);
    cpu.ram[0x7000] = 0xf4;
    for (const [n, selector] of [0, 0, 0, 0x1000].entries()) {
      state.set32("selector", selector, n);
      state.set64("segmentBase", BigInt(selector * 16), n);
      state.set64("descriptorBase", BigInt(selector * 16), n);
    }
    state.set64("rip", 0x7c00n);
    state.set64("registers", 0x7000n, 4);
    cpu.flushCaches();
    return machine;
  }

  it("wrap offsets at 64 KiB and add the segment", () => {
    // mov bx, 0xfff0; mov si, 0x30; mov ax, [bx + si]; mov [es:bx + si + 2], ax; hlt
    const machine = realMachine([...[0xbb, 0xf0, 0xff, 0xbe, 0x30, 0x00, 0x8b, 0x00, 0x26, 0x89, 0x40, 0x02, 0xf4]]);
    machine.cpu.ram.set([0x34, 0x12], 0x10000 + 0x20);
    machine.cpu.run(100);
    expect(register(machine, RAX)).toBe(0x1234n);
    expect([...machine.cpu.ram.subarray(0x22, 0x24)]).toEqual([0x34, 0x12]);
    expect(machine.cpu.clock).toBe(5);
  });

  it.each([
    ["a word at the last byte", [0xa1, 0xff, 0xff]],
    ["a string operand beyond the limit", [0xbe, 0xff, 0xff, 0xad]],
    ["a 32-bit address beyond the limit", [0x67, 0x8b, 0x05, 0, 0, 1, 0]],
  ])("refuse %s with #GP", (_, code) => {
    const machine = realMachine(code);
    machine.cpu.run(100);
    expect(machine.state.get64("rip")).toBe(0x7001n);
    expect(register(machine, RAX)).toBe(0n);
  });

  it("keep the same offset in two code segments apart", () => {
    // 0:7C00 jmp 0x800:0; 0x800:0 inc ax; jmp 0x900:0; 0x900:0 inc bx; hlt
    const machine = realMachine([0xea, 0, 0, 0x00, 0x08]);
    machine.cpu.ram.set([0x40, 0xea, 0, 0, 0x00, 0x09], 0x8000);
    machine.cpu.ram.set([0x43, 0xf4], 0x9000);
    machine.cpu.run(100);
    expect([register(machine, RAX), register(machine, 3), machine.cpu.clock]).toEqual([1n, 1n, 5]);
  });
});

describe("breakpoints", () => {
  it("stop before the instruction, each time round, and let it run when resumed", () => {
    const machine = longMachine(LOOP);
    machine.cpu.setBreakpoints([BigInt(CODE + 8)]);
    for (let round = 0; round < 10; round++) {
      expect(machine.cpu.run(1000)).toEqual({ kind: "breakpoint" });
      expect(machine.cpu.clock).toBe(2 + 3 * round);
    }
    expect(machine.cpu.run(1000).kind).toBe("halted");
    expect(machine.cpu.clock).toBe(LOOP_TICKS);
  });
});

describe("a breakpoint after a port access", () => {
  it("is not lost when the board wants attention there", () => {
    const machine = longMachine([0x90, 0xe6, 0x80, 0x90, 0xf4]);
    machine.cpu.setBreakpoints([BigInt(CODE + 3)]);
    machine.board.attention = true;
    expect(machine.cpu.run(100)).toEqual({ kind: "attention" });
    expect(machine.cpu.run(100)).toEqual({ kind: "breakpoint" });
    expect(machine.cpu.clock).toBe(2);
    expect(machine.cpu.run(100).kind).toBe("halted");
  });
});

describe("what cannot go on", () => {
  it("reports a triple fault with registers and the chain of faults", () => {
    const machine = longMachine([0x0f, 0x0b]);
    const stop = machine.cpu.run(100);
    expect(stop.kind).toBe("tripleFault");
    const text = "report" in stop ? stop.report : "";
    expect(text).toContain("#UD");
    expect(text).toContain(`RIP ${CODE.toString(16).padStart(16, "0")}`);
    expect(text).toContain("0f 0b");
  });
});
