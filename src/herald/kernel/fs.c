#include "fs.h"

#include "console.h"
#include "disk.h"

#define ENTRIES_PER_SECTOR (SECTOR_SIZE / sizeof(struct directory_entry))

static struct directory_entry directory[DIRECTORY_ENTRIES];

static int entry_is_sound(const struct directory_entry *entry, const struct superblock *super)
{
    uint64_t sectors = ((uint64_t)entry->length + SECTOR_SIZE - 1) / SECTOR_SIZE;
    return entry->name[0] && strnlen(entry->name, NAME_SIZE) < NAME_SIZE && entry->start_lba >= super->data_lba &&
           entry->start_lba + sectors <= super->sector_count;
}

void fs_start(void)
{
    char sector[SECTOR_SIZE] __attribute__((aligned(8)));
    struct superblock super;
    if (disk_read(SUPERBLOCK_LBA, sector))
        panic("the disk cannot be read");
    memcpy(&super, sector, sizeof super);
    if (super.magic != SUPERBLOCK_MAGIC || super.version != LAYOUT_VERSION ||
        super.directory_entries != DIRECTORY_ENTRIES)
        panic("no superblock on this disk");
    for (unsigned i = 0; i < DIRECTORY_ENTRIES / ENTRIES_PER_SECTOR; i++) {
        if (disk_read(super.directory_lba + i, sector))
            panic("the directory cannot be read");
        memcpy(&directory[i * ENTRIES_PER_SECTOR], sector, SECTOR_SIZE);
    }
    for (unsigned i = 0; i < DIRECTORY_ENTRIES; i++) {
        if (directory[i].kind == FILE_FREE || entry_is_sound(&directory[i], &super))
            continue;
        console_print("directory entry %u makes no sense and is left out\n", i);
        directory[i].kind = FILE_FREE;
    }
}

const struct directory_entry *fs_find(const char *name)
{
    for (unsigned i = 0; i < DIRECTORY_ENTRIES; i++)
        if (directory[i].kind != FILE_FREE && strcmp(directory[i].name, name) == 0)
            return &directory[i];
    return 0;
}

long fs_read(const struct directory_entry *file, uint64_t offset, void *buffer, size_t size)
{
    char sector[SECTOR_SIZE] __attribute__((aligned(8)));
    if (offset >= file->length)
        return 0;
    if (size > file->length - offset)
        size = file->length - offset;
    size_t done = 0;
    while (done < size) {
        size_t within = (offset + done) % SECTOR_SIZE;
        size_t part = SECTOR_SIZE - within < size - done ? SECTOR_SIZE - within : size - done;
        if (disk_read(file->start_lba + (uint32_t)((offset + done) / SECTOR_SIZE), sector))
            return -EIO;
        memcpy((char *)buffer + done, sector + within, part);
        done += part;
    }
    return (long)done;
}
