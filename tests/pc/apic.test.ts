import { beforeEach, describe, expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";
import { Rig } from "./rig";

const APIC = 0xfee0_0000;
const IOAPIC = 0xfec0_0000;

let rig: Rig;
const read = (offset: number) => Number(rig.board.physicalRead(APIC + offset, 4));
const write = (offset: number, value: number) => rig.board.physicalWrite(APIC + offset, 4, BigInt(value >>> 0));
const io = (index: number, value?: number): number => {
  rig.board.physicalWrite(IOAPIC, 4, BigInt(index));
  if (value !== undefined) rig.board.physicalWrite(IOAPIC + 16, 4, BigInt(value >>> 0));
  return Number(rig.board.physicalRead(IOAPIC + 16, 4));
};
const toSelf = (vector: number) => write(0x300, 0x4_0000 | vector);
/** Vectors that the processor would take now, none of them ended. */
const taken = (): number[] => {
  const vectors: number[] = [];
  while (rig.board.interruptPending()) vectors.push(rig.board.acknowledgeInterrupt());
  return vectors;
};
const end = () => write(0xb0, 0);

beforeEach(() => {
  rig = new Rig();
  rig.out8(0x21, 0xff);
});

describe("local APIC", () => {
  it("is what the firmware of a PC leaves: enabled, LINT0 for the 8259, LINT1 for NMI", () => {
    expect([0x20, 0x30, 0x80, 0xd0, 0xe0, 0xf0, 0x320, 0x350, 0x360, 0x370].map(read)).toEqual([
      0, 0x50014, 0, 0, 0xffff_ffff, 0x1ff, 0x1_0000, 0x8700, 0x8400, 0x1_0000,
    ]);
    rig.startPics();
    rig.board.setIrq(1, true);
    expect(taken()).toEqual([9]);
  });

  it("LINT0 masked: the 8259 is not heard", () => {
    rig.startPics();
    write(0x350, 0x1_8700);
    rig.board.setIrq(1, true);
    expect(taken()).toEqual([]);
    write(0x350, 0x8700);
    expect(taken()).toEqual([9]);
  });

  it("delivers by class, holds lower ones until EOI, and keeps one more of each", () => {
    for (const vector of [0x35, 0x62, 0x38, 0x62]) toSelf(vector);
    expect(taken()).toEqual([0x62]);
    toSelf(0x62);
    toSelf(0x71);
    expect(taken()).toEqual([0x71]);
    expect(read(0xa0)).toBe(0x70);
    expect([read(0x100 + 3 * 16), read(0x200 + 3 * 16)]).toEqual([(1 << 2) | (1 << 17), 1 << 2]);
    end();
    expect(taken()).toEqual([]);
    end();
    expect(taken()).toEqual([0x62]);
    end();
    expect(taken()).toEqual([0x38]);
    end();
    expect(taken()).toEqual([0x35]);
  });

  it("the task priority holds classes back; CR8 is its upper half", () => {
    write(0x80, 0x45);
    toSelf(0x41);
    expect(taken()).toEqual([]);
    expect(rig.board.apic.priority).toBe(4);
    rig.board.apic.priority = 3;
    expect(read(0x80)).toBe(0x30);
    expect(taken()).toEqual([0x41]);
    expect(read(0xa0)).toBe(0x40);
    // Of one class: the task priority, with its lower half (SDM 3, 11.8.3.1).
    write(0x80, 0x47);
    expect(read(0xa0)).toBe(0x47);
  });

  it("vectors below 16 are errors; ESR shows them once it is written", () => {
    toSelf(0x0f);
    expect(read(0x280)).toBe(0);
    write(0x280, 0);
    expect(read(0x280)).toBe(0x20);
    expect(taken()).toEqual([]);
    write(0x280, 0);
    expect(read(0x280)).toBe(0);
  });

  it("interprocessor interrupts to itself by ID, by logical destination, to all; never to the others only", () => {
    write(0x310, 0);
    write(0x300, 0x51);
    write(0xd0, 0x0100_0000);
    write(0x310, 0x0100_0000);
    write(0x300, 0x0862);
    write(0x300, 0x8_0073);
    write(0x300, 0xc_0074);
    write(0x310, 0x0200_0000);
    write(0x300, 0x75);
    expect(taken()).toEqual([0x73]);
    end();
    expect(taken()).toEqual([0x62]);
    end();
    expect(taken()).toEqual([0x51]);
  });

  it("an NMI message waits for the processor, once", () => {
    write(0x300, 0x4_0400);
    write(0x300, 0x4_0400);
    expect([rig.board.nmiPending(), rig.board.takeAttention(), taken()]).toEqual([true, true, []]);
    rig.board.acknowledgeNmi();
    expect(rig.board.nmiPending()).toBe(false);
    // To the others only.
    write(0x300, 0xc_0400);
    expect(rig.board.nmiPending()).toBe(false);
  });

  it("disabled by software: its table is masked and nothing is accepted", () => {
    write(0x320, 0x40);
    write(0xf0, 0xff);
    expect(read(0x320)).toBe(0x1_0040);
    write(0x320, 0x40);
    expect(read(0x320)).toBe(0x1_0040);
    toSelf(0x50);
    write(0xf0, 0x1ff);
    expect(taken()).toEqual([]);
  });

  it("one-shot timer: counts ticks through the divider and stops", () => {
    write(0x3e0, 3);
    write(0x320, 0x40);
    write(0x380, 100);
    expect(rig.board.nextEvent).toBe(1600);
    rig.runTo(800);
    expect(read(0x390)).toBe(50);
    rig.runTo(1599);
    expect(taken()).toEqual([]);
    rig.runTo(1600);
    expect([taken(), read(0x390)]).toEqual([[0x40], 0]);
    end();
    rig.runTo(10_000);
    expect(taken()).toEqual([]);
  });

  it("another divider takes the count over as it is", () => {
    write(0x3e0, 3);
    write(0x320, 0x40);
    write(0x380, 1000);
    rig.runTo(1600);
    expect(read(0x390)).toBe(900);
    write(0x3e0, 11);
    expect(read(0x390)).toBe(900);
    rig.runTo(1700);
    expect(read(0x390)).toBe(800);
    rig.runTo(2499);
    expect(taken()).toEqual([]);
    rig.runTo(2500);
    expect(taken()).toEqual([0x40]);
  });

  it("switched off by its MSR it forgets everything (SDM 3, 11.4.3)", () => {
    write(0x80, 0x45);
    write(0x320, 0x40);
    toSelf(0x31);
    rig.board.apic.relocate(APIC, false);
    rig.board.apic.relocate(APIC, true);
    expect([read(0x80), read(0x320), read(0x210), taken()]).toEqual([0, 0x1_0000, 0, []]);
  });

  it("registers take whole aligned words only", () => {
    rig.board.physicalWrite(APIC + 0x80, 2, 0x45n);
    rig.board.physicalWrite(APIC + 0x82, 4, 0x45n);
    expect(read(0x80)).toBe(0);
    rig.board.physicalWrite(APIC + 0x80, 8, 0x45n);
    expect(read(0x80)).toBe(0x45);
  });

  it("periodic timer: every period, masked ones lost; count 0 stops it", () => {
    write(0x3e0, 11);
    write(0x320, 0x2_0040);
    write(0x380, 1000);
    const ticks: number[] = [];
    while (rig.tick < 3500) {
      rig.runTo(Math.min(3500, rig.board.nextEvent));
      if (taken().length) {
        ticks.push(rig.tick);
        end();
      }
    }
    expect(ticks).toEqual([1000, 2000, 3000]);
    write(0x320, 0x3_0040);
    rig.runTo(4200);
    write(0x320, 0x2_0040);
    expect(taken()).toEqual([]);
    rig.runTo(5000);
    expect(taken()).toEqual([0x40]);
    end();
    write(0x380, 0);
    rig.runTo(50_000);
    expect(taken()).toEqual([]);
  });

  it("save and restore go on in the middle of a period", () => {
    write(0x320, 0x40);
    write(0x380, 1000);
    rig.runTo(700);
    const other = new Rig();
    other.tick = rig.tick;
    other.board.restore(rig.board.save());
    other.runTo(1999);
    expect(other.board.interruptPending()).toBe(false);
    other.runTo(2000);
    expect(other.board.acknowledgeInterrupt()).toBe(0x40);
  });
});

describe("82093AA", () => {
  it("has 24 masked entries", () => {
    expect(io(1)).toBe(0x0017_0011);
    for (let input = 0; input < 24; input++) expect(io(0x10 + 2 * input)).toBe(0x1_0000);
  });

  it("an edge is delivered once, the timer at input 2; edges at a masked input are lost", () => {
    io(0x14, 0x30);
    rig.board.setIrq(0, false);
    rig.board.setIrq(0, true);
    expect(taken()).toEqual([0x30]);
    end();
    expect(taken()).toEqual([]);
    io(0x12, 0x1_0031);
    rig.board.setIrq(1, true);
    io(0x12, 0x31);
    expect(taken()).toEqual([]);
    rig.board.setIrq(1, false);
    rig.board.setIrq(1, true);
    expect(taken()).toEqual([0x31]);
  });

  it("a level stays asserted: remote IRR until EOI, then again while the line is up", () => {
    io(0x10 + 18, 0x8039);
    rig.board.setIrq(9, true);
    expect(taken()).toEqual([0x39]);
    expect(io(0x10 + 18)).toBe(0xc039);
    end();
    expect(taken()).toEqual([0x39]);
    rig.board.setIrq(9, false);
    end();
    expect(taken()).toEqual([]);
    expect(io(0x10 + 18)).toBe(0x8039);
  });

  it("the end of an interrupt that came by edge is not its affair (SDM 3, 11.8.5)", () => {
    io(0x10 + 18, 0x8039);
    rig.board.setIrq(9, true);
    expect(taken()).toEqual([0x39]);
    // Accepted once more, by edge this time.
    toSelf(0x39);
    rig.board.setIrq(9, false);
    end();
    expect(io(0x10 + 18)).toBe(0xc039);
  });

  it("a level that is up when its entry is opened is delivered; one by edge forgets remote IRR", () => {
    io(0x12, 0x1_8031);
    rig.board.setIrq(1, true);
    io(0x12, 0x8031);
    expect([taken(), io(0x12)]).toEqual([[0x31], 0xc031]);
    io(0x12, 0x0031);
    expect(io(0x12)).toBe(0x0031);
  });

  it("status bits of an entry cannot be written, nor more of the ID than it has", () => {
    io(0x12, 0x1_f031);
    expect(io(0x12)).toBe(0x1_a031);
    io(0, 0xff00_0000);
    expect(io(0)).toBe(0x0f00_0000);
  });

  it("a vector below 16 is an error of the local APIC that gets it", () => {
    io(0x12, 0x000f);
    rig.board.setIrq(1, true);
    write(0x280, 0);
    expect([taken(), read(0x280)]).toEqual([[], 0x40]);
  });

  it("delivery mode NMI has no vector and is by edge", () => {
    io(0x12, 0x8400);
    rig.board.setIrq(1, true);
    expect([rig.board.nmiPending(), taken(), io(0x12)]).toEqual([true, [], 0x8400]);
    rig.board.acknowledgeNmi();
    rig.board.setIrq(1, false);
    // Remote IRR is left of what the entry was before.
    io(0x12, 0x8030);
    rig.board.setIrq(1, true);
    rig.board.setIrq(1, false);
    io(0x12, 0x8400);
    expect(io(0x12)).toBe(0xc400);
    rig.board.setIrq(1, true);
    expect(rig.board.nmiPending()).toBe(true);
  });

  it("logical destinations of the flat model; others get nothing", () => {
    write(0xd0, 0x0400_0000);
    io(0x13, 0x0300_0000);
    io(0x12, 0x0840);
    rig.board.setIrq(1, true);
    expect(taken()).toEqual([]);
    rig.board.setIrq(1, false);
    io(0x13, 0x0c00_0000);
    rig.board.setIrq(1, true);
    expect(taken()).toEqual([0x40]);
  });
});

describe("destinations (SDM 3, 11.6.2)", () => {
  const isTaken = (destination: number, logical: boolean) => {
    write(0x310, destination << 24);
    write(0x300, (logical ? 0x800 : 0) | 0x50);
    const vectors = taken();
    if (vectors.length) end();
    return vectors.length === 1;
  };

  it("physical: its own ID, and FFh for all", () => {
    write(0x20, 0x0300_0000);
    expect([0, 1, 3, 0xff].map((id) => isTaken(id, false))).toEqual([false, false, true, true]);
  });

  it("logical, clusters: the same cluster, and a bit of its own", () => {
    write(0xe0, 0x0fff_ffff);
    write(0xd0, 0x2100_0000);
    expect([0x21, 0x23, 0x22, 0x11, 0x31, 0x20].map((set) => isTaken(set, true))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("with the processor", () => {
  /** 32-bit code at 7C40h behind a switch to protected mode; a handler at 7CC0h; the IDT lies at 5000h. */
  const boot = (code: string, handler = ""): Pc => {
    const disk = new Uint8Array(512 * 64);
    // cli; xor ax,ax; mov ds,ax; lgdt [7d00h]; mov eax,cr0; or al,1; mov cr0,eax; jmp 8:7c40h
    disk.set(Buffer.from("fa31c08ed80f0116007d0f20c00c010f22c0ea407c08", "hex"));
    disk.set(Buffer.from(code, "hex"), 0x40);
    disk.set(Buffer.from(handler, "hex"), 0xc0);
    disk.set(Buffer.from("1700087d000000000000000000000000ffff0000009bcf00ffff00000093cf00ff0300500000", "hex"), 0x100);
    disk.set([0x55, 0xaa], 510);
    return new Pc({ disk });
  };

  it("an interrupt to itself comes right after the write that asks for it", () => {
    // ds = ss = 10h; esp = 7000h; gate 40h; lidt; sti; xor ecx,ecx; mov dword [0fee00300h],40040h; 3 times inc ecx; cli; hlt
    const code =
      "66b810008ed88ed0bc00700000c70500520000c07c0800c70504520000008e00000f011d207d0000fb31c9c7050003e0fe40" +
      "000400414141faf4";
    // mov edx,ecx; hlt
    const pc = boot(code, "89caf4");
    expect(pc.run(100_000_000).kind).toBe("halted");
    const { registers, rip } = pc.snapshot();
    expect([registers[1], registers[2], rip]).toEqual([0n, 0n, 0x7cc3n]);
  });

  it("an NMI comes with interrupts off; a second one waits for IRET", () => {
    // ds = ss = 10h; esp = 7000h; gate 2; lidt; xor ecx,ecx; mov dword [0fee00300h],40400h; mov ebx,ecx; cli; hlt
    const code =
      "66b810008ed88ed0bc00700000c70510500000c07c0800c70514500000008e00000f011d207d000031c9c7050003e0fe00" +
      "04040089cbfaf4";
    // inc ecx; the first time (cmp ecx,1; jne) another one is sent: mov dword [0fee00300h],40400h; mov edx,ecx; iret
    const pc = boot(code, "4183f901750cc7050003e0fe0004040089cacf");
    expect(pc.run(100_000_000).kind).toBe("halted");
    const { registers } = pc.snapshot();
    expect([registers[1], registers[2], registers[3]]).toEqual([2n, 1n, 2n]);
  });

  it("CPUID shows the APIC while it is switched on", () => {
    // mov eax,1; cpuid; mov ebp,edx; mov ecx,1bh; rdmsr; and ah,0f7h; wrmsr; mov eax,1; cpuid; cli; hlt
    const pc = boot("b8010000000fa289d5b91b0000000f3280e4f70f30b8010000000fa2faf4");
    expect(pc.run(100_000_000).kind).toBe("halted");
    const { registers } = pc.snapshot();
    expect([Number((registers[5] >> 9n) & 1n), Number((registers[2] >> 9n) & 1n)]).toEqual([1, 0]);
  });
});
