#!/bin/sh
# Types the keys of keys.list (QEMU's name, then ours) into keys.bin under QEMU and records what it shows.
cd "$(dirname "$0")"
cp keys.bin keys.tmp
{
  sleep 2
  while read -r name _; do
    echo "sendkey $name 20"
    sleep 0.06
  done <keys.list
  sleep 1
} | timeout 120 qemu-system-x86_64 -accel tcg -M pc -m 64 -display none -serial null -monitor stdio -no-reboot \
  -drive file=keys.tmp,format=raw,if=ide -debugcon file:keys.txt -device isa-debug-exit,iobase=0xf4,iosize=4 >/dev/null
rm keys.tmp
