/*
 * Programs: processes that the kernel interprets, one fixed-length instruction at a time. The instructions are listed
 * in layout.ts.
 */
#ifndef HERALD_PROGRAM_H
#define HERALD_PROGRAM_H

#include "kernel.h"

/* Loads the file as a new process. Returns its handle, -ENOEXEC, -ENOMEM, -ENOSPC or -EIO. */
int64_t program_load(const struct directory_entry *file);

/* What a Program's process runs, on its kernel stack, preemptible at any point. */
_Noreturn void program_run(void);

#endif
