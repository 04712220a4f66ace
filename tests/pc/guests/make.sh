#!/bin/sh
# Assembles the guests, and records what QEMU's PC shows on port E9h for those that are compared. Needs as, ld, qemu-system-x86_64.
set -e
cd "$(dirname "$0")"
for name in ${*:-video disk system chips left ferr ata partition keys echo reset triple spin}; do
  as --32 -o "$name.o" "$name.S"
  ld -m elf_i386 -Ttext 0x7c00 -e _start --oformat binary -o "$name.bin" "$name.o"
  rm "$name.o"
  chmod 644 "$name.bin"
  # keys.bin waits for a typist: record-keys.sh. QEMU 7.2 aborts where ferr.bin has its first interrupt.
  if [ "$name" = keys ] || [ "$name" = ferr ] || ! grep -q common.S "$name.S"; then continue; fi
  cp "$name.bin" "$name.tmp"
  timeout 60 qemu-system-x86_64 -accel tcg -M pc -m 64 -display none -serial null -monitor none -no-reboot \
    -drive "file=$name.tmp,format=raw,if=ide" -debugcon "file:$name.txt" -device isa-debug-exit,iobase=0xf4,iosize=4 || true
  rm "$name.tmp"
done
