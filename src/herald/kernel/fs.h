/* The flat directory of the disk; see superblock and directory_entry in layout.ts. Read-only. */
#ifndef HERALD_FS_H
#define HERALD_FS_H

#include "kernel.h"

/* Reads superblock and directory; entries that make no sense are reported and left out. */
void fs_start(void);

/* The file with this name, or 0. */
const struct directory_entry *fs_find(const char *name);

/* Copies up to `size` bytes from `offset`. Returns the number copied (less at the file's end) or -EIO. */
long fs_read(const struct directory_entry *file, uint64_t offset, void *buffer, size_t size);

#endif
