/* The first ATA disk, read by programmed I/O. */
#ifndef HERALD_DISK_H
#define HERALD_DISK_H

#include "kernel.h"

/* Reads one sector. Returns 0 or -EIO. */
int disk_read(uint32_t lba, void *sector);

#endif
