#include "user.h"

#include "frame.h"
#include "process.h"
#include "vm.h"

#define STACK_BOTTOM (USER_STACK_TOP - USER_STACK_LIMIT)

long copy_text_from_user(char *to, uint64_t from, size_t size)
{
    size_t have = 0;
    while (have < size) {
        /* Up to the end of a page at a time: the text may end just before a page that is missing. */
        size_t part = PAGE_SIZE - (from + have) % PAGE_SIZE;
        if (part > size - have)
            part = size - have;
        if (copy_from_user(to + have, from + have, part))
            return -EFAULT;
        size_t length = strnlen(to + have, part);
        if (length < part)
            return (long)(have + length);
        have += part;
    }
    return -ETOOBIG;
}

int user_grow_stack(uint64_t address)
{
    if (current->kind != KIND_NATIVE || address < STACK_BOTTOM || address >= USER_STACK_TOP)
        return 0;
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);
    phys_t frame = frame_allocate(FRAME_USER_STACK, current->pid);
    if (!frame)
        return 0;
    if (vm_map(current->page_root, page, frame, VM_USER | VM_WRITE, current->pid)) {
        frame_free(frame);
        return 0;
    }
    if (page < current->stack_low)
        current->stack_low = page;
    return 1;
}

int user_in_guard(uint64_t address)
{
    return address >= STACK_BOTTOM - PAGE_SIZE && address < USER_STACK_TOP;
}

int user_check_writable(uint64_t address, size_t size)
{
    if (size == 0)
        return 0;
    if (!is_user_range(address, size))
        return -EFAULT;
    uint64_t last = address + size - 1;
    uint64_t missing;
    while ((missing = vm_first_missing(current->page_root, address, last, VM_USER | VM_WRITE))) {
        if (!user_grow_stack(missing))
            return -EFAULT;
        address = missing;
    }
    return 0;
}

int user_is_executable(uint64_t address)
{
    return is_user_range(address, 1) && vm_lookup(current->page_root, address, VM_USER | VM_EXECUTE);
}
