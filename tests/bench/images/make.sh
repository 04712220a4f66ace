#!/bin/sh
# Builds the workload images beside their sources. Needs gcc and binutils; the images are committed, so that measuring needs neither.
set -eu
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
# image NAME SECTORS: links boot sector and workload into NAME.raw.
image() {
  gcc -c -Wa,--noexecstack -DSECTORS="$2" boot.S -o "$build/boot.o"
  ld -nostdlib --no-warn-rwx-segments -T image.ld "$build/boot.o" "$build/$1.o" -o "$build/$1.elf"
  objcopy -O binary "$build/$1.elf" "$build/$1.raw"
}
for source in *.c; do
  name=${source%.c}
  gcc -std=gnu11 -O2 -ffreestanding -fno-pic -no-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
    -fcf-protection=none -mno-red-zone -fno-tree-loop-distribute-patterns -fno-tree-vectorize -mgeneral-regs-only \
    -Wall -Wextra -c "$source" -o "$build/$name.o"
  image "$name" 64
  # Now that the size is known, the boot sector loads that much.
  image "$name" $((($(stat -c %s "$build/$name.raw") + 511) / 512 - 1))
  cp "$build/$name.raw" "$name.img"
  truncate -s %512 "$name.img"
  chmod 644 "$name.img"
done
