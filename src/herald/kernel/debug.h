/* The call debug: what tests need to look at and to provoke. */
#ifndef HERALD_DEBUG_H
#define HERALD_DEBUG_H

#include "kernel.h"

extern int debug_allowed; /* scenario.cfg says debug=1 */

/* Returns what enum debug_operation says, -EINVAL for an unknown operation, -ENOSYS when it is not allowed. */
int64_t debug_call(uint64_t operation, uint64_t value);

#endif
