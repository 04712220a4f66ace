#!/bin/bash
# Disk images of software that others wrote for plain PCs, put together from Debian's packages (bookworm), to try on our machine and in
# QEMU. Nothing is installed: packages are fetched with apt and unpacked in the directory that is named.
#   tests/pc/thirdparty/make.sh DIRECTORY
# Then, for instance:  npm run -s pc -- DIRECTORY/linux.img --memory 256 --timeout 300      (README.md beside this script lists them)
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

packages="grub-pc-bin grub-common syslinux syslinux-common memtest86+ ipxe mbr mtools dosfstools libefiboot1 libdevmapper1.02.1
  gnumach-image-1.8-486"
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
mkdir -p deb root
for package in $packages $kernel; do
  compgen -G "deb/${package}_*.deb" > /dev/null || (cd deb && apt-get download "$package")
done
for file in deb/*.deb; do
  mark=root/.$(basename "$file")
  [ -e "$mark" ] || { dpkg-deb -x "$file" root && touch "$mark"; }
done
export PATH="$PWD/root/usr/bin:$PWD/root/usr/sbin:$PWD/root/sbin:$PATH" MTOOLS_SKIP_CHECK=1
export LD_LIBRARY_PATH="$PWD/root/usr/lib/x86_64-linux-gnu:$PWD/root/lib/x86_64-linux-gnu"
modules=root/usr/lib/grub/i386-pc

# One active FAT16 partition from sector 2048 on, in an image of $2 MiB; files follow as SOURCE=NAME.
fat() {
  local image=$1 mib=$2
  shift 2
  rm -f "$image" part.tmp
  truncate -s "${mib}M" "$image"
  truncate -s "$((mib - 1))M" part.tmp
  mkfs.vfat -F 16 -h 2048 part.tmp > /dev/null
  for file in "$@"; do mcopy -o -i part.tmp "${file%%=*}" "::${file#*=}"; done
  dd if=part.tmp of="$image" bs=1M seek=1 conv=notrunc status=none
  local sectors=$(((mib - 1) * 2048))
  # boot flag, CHS that says "use LBA", type 0Eh, first sector, sectors; signature
  { printf '\x80\xfe\xff\xff\x0e\xfe\xff\xff\x00\x08\x00\x00'
    printf "\\x$(printf %02x $((sectors & 255)))\\x$(printf %02x $((sectors >> 8 & 255)))\\x$(printf %02x $((sectors >> 16 & 255)))\\x00"
  } | dd of="$image" bs=1 seek=446 conv=notrunc status=none
  printf '\x55\xaa' | dd of="$image" bs=1 seek=510 conv=notrunc status=none
}

# GRUB in front of the partition: boot.img in the first sector, its core behind it.
grub() {
  local image=$1
  grub-mkimage -d $modules -O i386-pc -p '(hd0,msdos1)' -c early.tmp -o core.tmp \
    biosdisk part_msdos fat normal configfile serial terminal echo linux linux16 multiboot multiboot2 boot ls cat halt reboot chain test cpuid lsacpi memdisk lsmmap
  dd if=$modules/boot.img of="$image" bs=1 count=440 conv=notrunc status=none
  dd if=core.tmp of="$image" bs=512 seek=1 conv=notrunc status=none
}
cat > early.tmp <<'CFG'
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
configfile (hd0,msdos1)/grub.cfg
CFG

# --- GRUB, at its prompt
printf 'echo ready\n' > grub.cfg
fat grub.img 20 grub.cfg=grub.cfg
grub grub.img

# --- Linux through GRUB, console on the serial line; no root file system
cat > linux.cfg <<'CFG'
linux /vmlinuz console=ttyS0,115200 earlyprintk=serial,ttyS0,115200 panic=-1 nomodeset tsc=reliable
echo booting
boot
CFG
fat linux.img 24 linux.cfg=grub.cfg "$(ls root/boot/vmlinuz-* | tail -1)=vmlinuz"
grub linux.img

# --- memtest86+ through GRUB, console on the serial line
cat > memtest.cfg <<'CFG'
linux16 /memtest.bin console=ttyS0,115200
boot
CFG
fat memtest.img 20 memtest.cfg=grub.cfg root/boot/memtest86+x64.bin=memtest.bin
grub memtest.img
sed 's/console=.*//' memtest.cfg > memtest32.cfg
fat memtest32.img 20 memtest32.cfg=grub.cfg root/boot/memtest86+ia32.bin=memtest.bin
grub memtest32.img

# --- GNU Mach through GRUB's multiboot
cat > gnumach.cfg <<'CFG'
multiboot /gnumach console=com0
boot
CFG
gzip -dc root/boot/gnumach-1.8-486.gz > gnumach.tmp
fat gnumach.img 20 gnumach.cfg=grub.cfg gnumach.tmp=gnumach
grub gnumach.img

# --- iPXE through GRUB (Linux boot protocol), and as the disk that its USB image is
printf 'linux16 /ipxe.krn\nboot\n' > ipxe.cfg
fat ipxe.img 20 ipxe.cfg=grub.cfg root/boot/ipxe.lkrn=ipxe.krn
grub ipxe.img

# --- SYSLINUX on a disk without partitions
printf 'SERIAL 0 115200\nPROMPT 1\nTIMEOUT 30\nDEFAULT mem\nSAY hello from syslinux\nLABEL mem\n  LINUX memtest.bin\nLABEL ipxe\n  LINUX ipxe.krn\n' > syslinux.cfg
rm -f syslinux.img
truncate -s 16M syslinux.img
mkfs.vfat -F 16 syslinux.img > /dev/null
mcopy -o -i syslinux.img syslinux.cfg root/usr/lib/syslinux/modules/bios/{ldlinux,hdt,libcom32,libutil,menu}.c32 ::
mcopy -o -i syslinux.img root/boot/memtest86+x64.bin ::memtest.bin
mcopy -o -i syslinux.img root/boot/ipxe.lkrn ::ipxe.krn
syslinux -i syslinux.img

# --- the MBR of package "mbr" (and SYSLINUX's own), which start the active partition: SYSLINUX there
for kind in mbr sysmbr; do
  fat $kind.img 20 syslinux.cfg=syslinux.cfg root/boot/memtest86+x64.bin=memtest.bin root/boot/ipxe.lkrn=ipxe.krn
  syslinux -i -t 1048576 $kind.img
done
dd if=root/usr/lib/syslinux/mbr/mbr.bin of=sysmbr.img bs=440 count=1 conv=notrunc status=none
install-mbr --force mbr.img > /dev/null
rm -f ./*.tmp
ls -l ./*.img
