#include "disk.h"

#include "mutex.h"

#define DATA 0x1f0
#define SECTOR_COUNT 0x1f2
#define LBA_LOW 0x1f3
#define LBA_MIDDLE 0x1f4
#define LBA_HIGH 0x1f5
#define DRIVE 0x1f6
#define COMMAND 0x1f7
#define STATUS 0x1f7
#define CONTROL 0x3f6

#define DRIVE_LBA 0xe0
#define COMMAND_READ_SECTORS 0x20
#define CONTROL_NO_INTERRUPT 0x02
#define STATUS_ERROR 0x01
#define STATUS_REQUEST 0x08
#define STATUS_FAULT 0x20
#define STATUS_BUSY 0x80
#define PATIENCE 10000000 /* polls before a disk that never answers is given up */

static struct mutex disk_mutex;

static int wait_for_data(void)
{
    for (unsigned patience = PATIENCE; patience > 0; patience--) {
        uint8_t status = inb(STATUS);
        if (status & STATUS_BUSY)
            continue;
        if (status & (STATUS_ERROR | STATUS_FAULT))
            return -EIO;
        if (status & STATUS_REQUEST)
            return 0;
    }
    return -EIO;
}

int disk_read(uint32_t lba, void *sector)
{
    size_t words = SECTOR_SIZE / 2;
    mutex_acquire(&disk_mutex);
    outb(CONTROL, CONTROL_NO_INTERRUPT);
    outb(DRIVE, DRIVE_LBA | (lba >> 24 & 15));
    outb(SECTOR_COUNT, 1);
    outb(LBA_LOW, (uint8_t)lba);
    outb(LBA_MIDDLE, (uint8_t)(lba >> 8));
    outb(LBA_HIGH, (uint8_t)(lba >> 16));
    outb(COMMAND, COMMAND_READ_SECTORS);
    int result = wait_for_data();
    if (result == 0)
        __asm__ volatile("rep insw" : "+D"(sector), "+c"(words) : "d"(DATA) : "memory");
    mutex_release(&disk_mutex);
    return result;
}
