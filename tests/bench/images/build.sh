#!/bin/sh
# Builds the workload images from ../workloads: NAME.img (64 bits) and its twin NAME-32.img. Needs gcc and binutils; the images are
# committed, so that measuring needs neither. The number is how often the workload runs (offset 2 of the image).
set -eu
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
workloads=../workloads
common="-std=gnu11 -O2 -ffreestanding -fno-pic -no-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none
  -mno-red-zone -fno-tree-loop-distribute-patterns -Wall -Wextra"

# image FILE LINKER-FORMAT FLAGS: links boot sector, main and workload twice, the second time with the number of sectors known.
image() {
  sectors=64
  for pass in 1 2; do
    gcc $3 -c -Wa,--noexecstack -DSECTORS=$sectors -DREPEAT="$repeat" $workloads/boot.S -o "$build/boot.o"
    ld -m "$2" -nostdlib --build-id=none --no-warn-rwx-segments -T $workloads/image.ld "$build/boot.o" "$build/main.o" \
      "$build/workload.o" -o "$build/image.elf"
    objcopy -O binary "$build/image.elf" "$build/image.raw"
    sectors=$((($(stat -c %s "$build/image.raw") + 511) / 512 - 1))
  done
  truncate -s %512 "$build/image.raw"
  cp "$build/image.raw" "$1.img"
  chmod 644 "$1.img"
}

# workload NAME REPEAT REPEAT-OF-TWIN [FLAGS]
workload() {
  flags=${4:--mgeneral-regs-only}
  for bits in 64 32; do
    gcc $common -m$bits -mgeneral-regs-only -c $workloads/main.c -o "$build/main.o"
    gcc $common -m$bits $flags -c "$workloads/$1.c" -o "$build/workload.o"
    case $bits in
      64) repeat=$2 && image "$1" elf_x86_64 -m64 ;;
      32) repeat=$3 && image "$1-32" elf_i386 "-m32 -DTWIN" ;;
    esac
  done
}

workload sieve 20 20
workload recursion 40 40
workload sha256 20 20
workload quicksort 20 20
workload pointers 10 10
workload wide 5 50
workload matrix 20 20
workload dispatch 10 10
workload strings 50 50
workload interrupts 30 30
workload remap 20 20
workload syscalls 10 10
workload floating 80 80 "-msse2 -mfpmath=sse"
