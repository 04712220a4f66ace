/** What the images of make.sh are expected to do. The texts are what QEMU shows too (check.ts --qemu). */

/** Where a text appears: on the serial line, on the text screen, or either. */
export interface Step {
  readonly on: "serial" | "screen";
  readonly see: string;
  /** Typed on the keyboard then; \n is Enter. */
  readonly type?: string;
}

export interface Image {
  readonly name: string;
  /** For the table in README.md. */
  readonly what: string;
  readonly package: string;
  /** How far it gets. */
  readonly reaches: string;
  readonly memoryMiB?: number;
  readonly steps: readonly Step[];
  /** What ends the run after the last step. */
  readonly end?: "poweredOff" | "halted";
  /** Done in a few seconds: a part of `npm run verify`. */
  readonly quick?: boolean;
  /** QEMU has graphics modes, and shows no text. */
  readonly graphicsInQemu?: boolean;
  /** At the last step the whole text screen is the same in QEMU. */
  readonly sameScreen?: boolean;
}

const screen = (see: string, type?: string): Step => ({ on: "screen", see, type });
const serial = (see: string, type?: string): Step => ({ on: "serial", see, type });
const memtestPass = [screen("Memtest86+ v6.10"), screen("Test #3 ")];

export const images: readonly Image[] = [
  {
    name: "grub",
    what: "GRUB 2",
    package: "grub-pc-bin",
    reaches: "its shell; ls of the disk, halt",
    quick: true,
    steps: [screen("grub>", "ls\n"), screen("(hd0,msdos1)"), screen("grub>", "halt\n")],
    end: "poweredOff",
  },
  {
    name: "rescue",
    what: "GRUB 2, rescue USB image (hybrid ISO)",
    package: "grub-rescue-pc",
    reaches: "its menu",
    steps: [screen("*GNU/Linux"), screen("The highlighted entry will be executed automatically in")],
  },
  {
    name: "legacy",
    what: "GRUB Legacy",
    package: "grub-legacy",
    reaches: "its shell; cat of a file on the disk, halt",
    quick: true,
    steps: [screen("grub>", "root (hd0,0)\n"), screen("Filesystem type is fat"), screen("grub>", "halt\n")],
    end: "poweredOff",
  },
  {
    name: "invaders",
    what: "GRUB Invaders, a multiboot kernel",
    package: "grub-invaders",
    reaches: "the game",
    quick: true,
    steps: [screen("-*-")],
  },
  {
    name: "gnumach",
    what: "GNU Mach, a multiboot kernel",
    package: "gnumach-image-1.8-486",
    reaches: "its end of boot: it wants the Hurd's servers, which Debian has not",
    quick: true,
    steps: [serial("bootstrap_create: No bootstrap code loaded with the kernel!")],
  },
  {
    name: "memtest",
    what: "Memtest86+, 64 bits, through GRUB",
    package: "memtest86+",
    reaches: "test after test without an error, here test 4",
    quick: true,
    steps: [...memtestPass, screen("Test #4 ")],
  },
  {
    name: "memtest32",
    what: "Memtest86+, 32 bits, through GRUB",
    package: "memtest86+",
    reaches: "the same",
    steps: memtestPass,
  },
  {
    name: "ipxe",
    what: "iPXE",
    package: "ipxe",
    reaches: "its probe for network cards, of which there are none; back to the BIOS",
    quick: true,
    steps: [screen("No more network devices")],
  },
  {
    name: "syslinux",
    what: "SYSLINUX, prompt; Memtest86+ from there",
    package: "syslinux, memtest86+",
    reaches: "the same",
    quick: true,
    steps: [serial("boot:"), ...memtestPass],
  },
  {
    name: "menu",
    what: "SYSLINUX, menu",
    package: "syslinux-common",
    reaches: "its menu; down and Enter: power off by APM",
    quick: true,
    sameScreen: true,
    steps: [screen("Press [Tab] to edit options", "o\n")],
    end: "poweredOff",
  },
  {
    name: "vesamenu",
    what: "SYSLINUX, graphical menu",
    package: "syslinux-common",
    reaches: "its menu as text: there are no graphics modes",
    quick: true,
    graphicsInQemu: true,
    steps: [screen("Press [Tab] to edit options", "o\n")],
    end: "poweredOff",
  },
  {
    name: "hdt",
    what: "Hardware Detection Tool",
    package: "syslinux-common",
    reaches: "its menu of what it found; and the list of PCI functions",
    quick: true,
    steps: [screen("Main Menu", "\n"), screen("unknown|unknown")],
  },
  {
    name: "memdisk",
    what: "MEMDISK with GRUB 2's rescue floppy in it",
    package: "syslinux-common, grub-rescue-pc",
    reaches: "the floppy's menu: INT 13h is taken over",
    steps: [screen("GNU GRUB  version 2.06")],
  },
  {
    name: "mbr",
    what: "MBR of package mbr; SYSLINUX",
    package: "mbr",
    reaches: "the active partition and what is there",
    steps: memtestPass,
  },
  {
    name: "sysmbr",
    what: "MBR of SYSLINUX; SYSLINUX",
    package: "syslinux-common",
    reaches: "the same",
    quick: true,
    steps: memtestPass,
  },
  {
    name: "linux",
    what: "Linux 6.1, 64 bits, with BusyBox",
    package: "linux-image-amd64, busybox-static",
    reaches: "a shell; the disk's FAT mounted",
    memoryMiB: 256,
    steps: [serial("Linux version 6.1"), serial("grub.cfg"), serial("Linux is up: 6.1"), serial("/ #")],
  },
  {
    name: "keyboard",
    what: "the same on screen and keyboard",
    package: "linux-image-amd64, busybox-static",
    reaches: "the shell; commands typed; power off by ACPI",
    memoryMiB: 256,
    steps: [screen("/ #", "uname -sm\n"), screen("Linux x86_64"), screen("/ #", "exit\n")],
    end: "poweredOff",
  },
  {
    name: "installer",
    what: "Debian 12 installer, 32 bits",
    package: "debian-installer-12-netboot-i386",
    reaches: "its first dialogue: 273 MiB are wanted and 256 are there",
    memoryMiB: 256,
    steps: [serial("Linux version 6.1"), serial("Insufficient memory")],
  },
  {
    name: "xen",
    what: "Xen 4.17",
    package: "xen-hypervisor-4.17-amd64",
    reaches: "building domain 0, for which 256 MiB are not enough (in QEMU neither)",
    memoryMiB: 256,
    steps: [serial("Xen version 4.17"), serial("Not enough RAM for domain 0 allocation")],
    end: "halted",
  },
];
