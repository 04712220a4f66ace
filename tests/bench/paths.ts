/**
 * What the awkward paths of the CPU cost, in nanoseconds of processor time per round: writes beside code, address-space switches, interrupts, system
 * calls, changes of mode. Machine code with its offset; the loop of each stands beside it. Run: npx tsx tests/bench/paths.ts [part of a name]
 */
import { bareMachine, CODE, longMachine, type Machine } from "../engine/machine";

interface Path {
  readonly name: string;
  readonly rounds: number;
  readonly code: Readonly<Record<number, string>>;
  /** Real mode at 7C00 instead of 64-bit mode. */
  readonly real?: boolean;
}

const paths: readonly Path[] = [
  {
    // 1: incl var(%rip); add $3,%eax; dec %ecx; jnz 1b; var: 2 KiB further
    name: "write to a variable in the page of the code",
    rounds: 300_000,
    code: { 0: "b9e0930400ff05f507000083c003ffc975f3f4" },
  },
  {
    // 1: mov %rdx,%cr3; call f; mov %rax,%cr3; call f; dec %ecx; jnz 1b     f: call g; ret (other pages)
    name: "two loads of CR3, each followed by code in three pages",
    rounds: 100_000,
    code: {
      0: "b9a0860100b800800000ba00c00000488b1848891a0f22dae8f30f00000f22d8e8eb0f0000ffc975ecf4",
      0x1010: "e80b100000c3",
      0x2020: "90eb00c3",
    },
  },
  {
    // 1: invlpg 0x40000000; call f; dec %ecx; jnz 1b
    name: "INVLPG of a page of data, and a call",
    rounds: 100_000,
    code: { 0: "b9a08601000f013c2500000040e8fe0f0000ffc975eff4", 0x1010: "c3" },
  },
  {
    // 1: int $0x30; dec %ecx; jnz 1b      handler: iretq
    name: "INT and IRETQ",
    rounds: 100_000,
    code: {
      0: "0f011511100000b808000000b8100000008ed0488d3de61f0000488d05370000006689870003000066c78702030000080066c78704030000008e48c1e810668987060300000f011dd60f0000b9a0860100cd30ffc975faf448cf",
      0x1008: "ffff0000009baf00ffff00000093cf0017000010100000000000ff0f002010",
    },
  },
  {
    // 1: syscall; dec %edi; jnz 1b (ring 3)      entry: test %edi,%edi; jz 2f; sysretq
    name: "SYSCALL and SYSRET",
    rounds: 100_000,
    code: {
      0: "b9800000c00f3283c8010f30b9810000c031c0ba080010000f30b9820000c0488d051400000031d20f30488d0d1100000041bb02000000480f0785ff7403480f07f4bfa08601000f05ffcf75fa0f05f4",
    },
  },
  {
    // 1: lgdt; CR0.PE on; ljmp; two segments loaded; incl 0x7d80 (beside the code); ljmp; PE off; ljmp; int $0x40 and iret; dec; jnz 1b
    name: "protected mode and back to real mode, INT and IRET",
    rounds: 50_000,
    real: true,
    code: {
      0: "fa31c08ed88ed0bc007066bd50c300002e660f0116007d0f20c00c010f22c066ea277c00000800b8100000008ed88ed0ff05807d0000ea3d7c000018000f20c024fe0f22c0ea4a7c000031c08ed88ed0fbcd40fa664d75b8f4cf",
      0x100: "1f00107d",
      0x118: "ffff0000009bcf00ffff00000093cf00ffff0000009b",
    },
  },
];

const REAL = 0x7c00;
const VECTOR_40 = 0x40 * 4;
const IRET = 0x59;

function realMachine(): Machine {
  const machine = bareMachine(4);
  machine.cpu.ram.set([0xea, REAL & 0xff, REAL >> 8, 0, 0], 0x400);
  machine.state.set64("rip", 0x400n);
  machine.state.set32("selector", 0, 1);
  machine.state.set64("segmentBase", 0n, 1);
  machine.state.set32("descriptorBase", 0, 1);
  machine.cpu.ram.set([(REAL + IRET) & 0xff, (REAL + IRET) >> 8, 0, 0], VECTOR_40);
  machine.cpu.flushCaches();
  return machine;
}

const TRIALS = 5;

const [wanted = ""] = process.argv.slice(2);

for (const { name, rounds, code, real } of paths.filter((path) => path.name.includes(wanted))) {
  let best = Infinity;
  for (let trial = 0; trial < TRIALS; trial++) {
    const machine = real ? realMachine() : longMachine([]);
    for (const [offset, hex] of Object.entries(code)) {
      machine.cpu.ram.set(Buffer.from(hex, "hex"), (real ? REAL : CODE) + Number(offset));
    }
    const started = process.cpuUsage();
    const stop = machine.cpu.run(2 ** 40);
    best = Math.min(best, process.cpuUsage(started).user);
    if (stop.kind !== "halted") throw new Error(`${name}: ${JSON.stringify(stop)}`);
  }
  console.log(`${((best * 1e3) / rounds).toFixed(0).padStart(7)} ns  ${name}`);
}
