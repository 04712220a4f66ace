/* Native processes: statically linked ELF64 programs. */
#ifndef HERALD_ELF_H
#define HERALD_ELF_H

#include "kernel.h"

/*
 * Loads the file as a new process. `arguments` is put on its stack. Returns its handle, -ENOEXEC, -ENOMEM, -ENOSPC or
 * -EIO.
 */
int64_t elf_load(const struct directory_entry *file, const char *arguments);

#endif
