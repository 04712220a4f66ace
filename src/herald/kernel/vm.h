/* Page tables and address spaces. */
#ifndef HERALD_VM_H
#define HERALD_VM_H

#include "kernel.h"

enum vm_rights {
    VM_READ = 0,
    VM_WRITE = 1,
    VM_EXECUTE = 2,
    VM_USER = 4,
};

extern phys_t kernel_page_root;

/* Lets frame_pointer work on the boot's page tables. Call first of all. */
void vm_early(void);

/*
 * Replaces the boot's page tables: kernel text, read-only data and data with their own rights, the direct map,
 * nothing at low addresses.
 */
void vm_start(void);

/* Maps one page. Returns 0, -ENOMEM, or -EEXIST when something is mapped there. */
int vm_map(phys_t root, uint64_t address, phys_t frame, int rights, uint32_t owner);

/* Takes a page away again; its frame stays whose it is. Harmless when nothing is mapped there. */
void vm_unmap(phys_t root, uint64_t address);

/* The frame mapped at a page with at least these rights, or 0. */
phys_t vm_lookup(phys_t root, uint64_t address, int rights);

/*
 * The first page from `page` to `last` (addresses in both) that is not mapped with at least these rights, or 0. Walks
 * down once for all pages of a table.
 */
uint64_t vm_first_missing(phys_t root, uint64_t page, uint64_t last, int rights);

/* A new address space with the kernel's half in it; 0 when out of memory. */
phys_t vm_create(uint32_t owner);

/* Frees an address space: its lower half's frames and tables. It must not be in use. */
void vm_destroy(phys_t root);

/* The address space in CR3. */
extern phys_t vm_root;

static inline void vm_switch(phys_t root)
{
    vm_root = root;
    __asm__ volatile("movq %0, %%cr3" : : "r"(root) : "memory");
}

#endif
