#!/bin/bash
# Disk images of software that others wrote for plain PCs, put together from Debian's packages (bookworm). Nothing is installed: packages
# are fetched with apt and unpacked in the directory that is named; what is there already is not fetched again (180 MB).
#   tests/pc/thirdparty/make.sh DIRECTORY
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
cd "$1"

tools="grub-common mtools dosfstools libefiboot1 libdevmapper1.02.1"
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
xen=$(apt-cache depends xen-hypervisor-common | sed -n 's/.*: \(xen-hypervisor-[0-9].*-amd64\)/\1/p' | head -1)
software="grub-pc-bin grub-legacy grub-rescue-pc grub-invaders syslinux syslinux-common mbr memtest86+ ipxe busybox-static
  debian-installer-12-netboot-i386 gnumach-image-1.8-486 ${xen:-xen-hypervisor-4.17-amd64} $kernel"
mkdir -p deb root
for package in $tools $software; do
  compgen -G "deb/${package}_*.deb" > /dev/null || (cd deb && apt-get -q download "$package")
done
for file in deb/*.deb; do
  mark=root/.$(basename "$file")
  [ -e "$mark" ] || { dpkg-deb -x "$file" root && touch "$mark"; }
done
(cd deb && ls ./*.deb | sed 's/^..//; s/%3a/:/; s/_[a-z0-9]*\.deb$//; s/_/ /') > versions.txt
export PATH="$PWD/root/usr/bin:$PWD/root/usr/sbin:$PWD/root/sbin:$PATH" MTOOLS_SKIP_CHECK=1
export LD_LIBRARY_PATH="$PWD/root/usr/lib/x86_64-linux-gnu:$PWD/root/lib/x86_64-linux-gnu"
modules=root/usr/lib/grub/i386-pc
syslinux=root/usr/lib/syslinux
installer=root/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386
linux=$(ls root/boot/vmlinuz-* | tail -1)

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

# grub IMAGE MIB CONFIGURATION SOURCE=NAME...: GRUB 2 in front of the partition, its core behind the first sector.
grub() {
  local image=$1 mib=$2
  printf '%s\n' "$3" > menu.tmp
  shift 3
  fat "$image" "$mib" menu.tmp=grub.cfg "$@"
  grub-mkimage -d $modules -O i386-pc -p '(hd0,msdos1)' -c early.tmp -o core.tmp \
    biosdisk part_msdos fat normal configfile serial terminal echo linux linux16 multiboot multiboot2 boot ls cat halt reboot chain test
  dd if=$modules/boot.img of="$image" bs=1 count=440 conv=notrunc status=none
  dd if=core.tmp of="$image" bs=512 seek=1 conv=notrunc status=none
}
cat > early.tmp <<'CFG'
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
configfile (hd0,msdos1)/grub.cfg
CFG

# isolinux's brother on a disk without partitions: sys IMAGE CONFIGURATION SOURCE=NAME...
sys() {
  local image=$1
  printf '%s\n' "$2" > menu.tmp
  shift 2
  rm -f "$image"
  truncate -s 16M "$image"
  mkfs.vfat -F 16 "$image" > /dev/null
  mcopy -o -i "$image" menu.tmp ::syslinux.cfg
  mcopy -o -i "$image" $syslinux/modules/bios/{ldlinux,hdt,libcom32,libutil,libmenu,libgpl,menu,vesamenu,poweroff}.c32 ::
  for file in "$@"; do mcopy -o -i "$image" "${file%%=*}" "::${file#*=}"; done
  syslinux -i "$image"
}

# An initial RAM disk with BusyBox and nothing else; the modules for the disk, so that it can be mounted.
initrd() {
  rm -rf initrd.tmp
  mkdir -p initrd.tmp/{bin,proc,sys,dev,mnt,modules}
  cp root/bin/busybox initrd.tmp/bin/
  # In an order in which each finds what it needs.
  local modules="scsi_common scsi_mod libata ata_piix crct10dif_common crct10dif_generic crc-t10dif crc64 crc64_rocksoft_generic crc64-rocksoft
    t10-pi sd_mod fat vfat nls_cp437 nls_ascii"
  for module in $modules; do
    find root/lib/modules -name "$module.ko" -exec cp {} initrd.tmp/modules/ \;
  done
  echo $modules > initrd.tmp/modules/order
  cat > initrd.tmp/init <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
  insmod /modules/$module.ko 2> /dev/null
done
sleep 1
[ -e /dev/sda1 ] && mount -r -t vfat /dev/sda1 /mnt && ls -l /mnt
echo "Linux is up: $(uname -rm)"
setsid cttyhack sh
poweroff -f
INIT
  chmod +x initrd.tmp/init
  (cd initrd.tmp && find . | bin/busybox cpio -o -H newc 2> /dev/null | gzip -9) > "$1"
  rm -r initrd.tmp
}

serial="console=ttyS0,115200"
early="$serial earlyprintk=serial,ttyS0,115200 panic=-1 nomodeset"

echo "GRUB"
grub grub.img 20 'echo ready'
cp -L root/usr/lib/grub-rescue/grub-rescue-usb.img rescue.img
truncate -s %512 rescue.img
gzip -dc root/boot/gnumach-1.8-486.gz > gnumach.tmp
gzip -dc root/boot/xen-*-amd64.gz > xen.tmp
initrd initrd.gz
grub invaders.img 20 $'multiboot /invaders\nboot' root/boot/invaders.exec=invaders
grub gnumach.img 20 $'multiboot /gnumach console=com0\nboot' gnumach.tmp=gnumach
grub memtest.img 20 "linux16 /memtest.bin $serial"$'\nboot' root/boot/memtest86+x64.bin=memtest.bin
grub memtest32.img 20 $'linux16 /memtest.bin\nboot' root/boot/memtest86+ia32.bin=memtest.bin
grub ipxe.img 20 $'linux16 /ipxe.krn\nboot' root/boot/ipxe.lkrn=ipxe.krn
echo "Linux, Xen, the Debian installer"
grub linux.img 24 "linux /vmlinuz $early"$'\ninitrd /initrd\nboot' "$linux=vmlinuz" initrd.gz=initrd
grub keyboard.img 24 "linux /vmlinuz console=tty0 nomodeset quiet"$'\ninitrd /initrd\nboot' "$linux=vmlinuz" initrd.gz=initrd
grub xen.img 40 "multiboot2 /xen com1=115200,8n1 console=com1 dom0_mem=160M noreboot"$'\n'"module2 /vmlinuz console=hvc0"$'\nmodule2 /initrd\nboot' \
  xen.tmp=xen "$linux=vmlinuz" initrd.gz=initrd
grub installer.img 60 "linux /vmlinuz $early"$'\ninitrd /initrd\nboot' $installer/linux=vmlinuz $installer/initrd.gz=initrd

echo "GRUB Legacy"
fat legacy.img 20 root/usr/lib/grub/x86_64-pc/stage2=stage2
# Its core goes behind the first sector too; stage 1 is told so: where it begins (44h), and the block list at its end is as built.
dd if=root/usr/lib/grub/x86_64-pc/stage1 of=legacy.img bs=1 count=440 conv=notrunc status=none
dd if=root/usr/lib/grub/x86_64-pc/stage2 of=legacy.img bs=512 seek=1 conv=notrunc status=none

echo "SYSLINUX"
sys syslinux.img $'SERIAL 0 115200\nPROMPT 1\nTIMEOUT 30\nDEFAULT mem\nSAY hello from syslinux\nLABEL mem\n  LINUX memtest.bin' \
  root/boot/memtest86+x64.bin=memtest.bin
entries=$'MENU TITLE Choose\nLABEL hdt\n  MENU LABEL ^Hardware\n  KERNEL hdt.c32\nLABEL off\n  MENU LABEL ^Off\n  KERNEL poweroff.c32'
sys menu.img $'UI menu.c32\n'"$entries"
sys vesamenu.img $'UI vesamenu.c32\n'"$entries"
sys hdt.img 'DEFAULT hdt.c32'
sys memdisk.img $'DEFAULT rescue\nLABEL rescue\n  LINUX memdisk\n  INITRD floppy.img' $syslinux/memdisk=memdisk \
  root/usr/lib/grub-rescue/grub-rescue-floppy.img=floppy.img

# The MBR of package "mbr", and SYSLINUX's own: both start the active partition, where SYSLINUX is.
echo "boot sectors"
printf 'DEFAULT mem\nLABEL mem\n  LINUX memtest.bin\n' > menu.tmp
for kind in mbr sysmbr; do
  fat $kind.img 20 menu.tmp=syslinux.cfg root/boot/memtest86+x64.bin=memtest.bin $syslinux/modules/bios/ldlinux.c32=ldlinux.c32
  syslinux -i -t 1048576 $kind.img
done
dd if=$syslinux/mbr/mbr.bin of=sysmbr.img bs=440 count=1 conv=notrunc status=none
install-mbr --force mbr.img > /dev/null
rm -f ./*.tmp
ls ./*.img | wc -l | sed 's/$/ images/'
