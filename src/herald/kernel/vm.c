#include "vm.h"

#include "frame.h"

/*
 * A page table has 512 entries of 8 bytes. Four levels: bits 47-39, 38-30, 29-21 and 20-12 of the address choose the
 * entries. All walks go through vm_levels, so that five levels are a matter of its value.
 */
#define ENTRY_PRESENT (UINT64_C(1) << 0)
#define ENTRY_WRITABLE (UINT64_C(1) << 1)
#define ENTRY_USER (UINT64_C(1) << 2)
#define ENTRY_LARGE (UINT64_C(1) << 7)
#define ENTRY_NX (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

#define ENTRIES 512
#define LARGE_PAGE (UINT64_C(2) * MIB)

phys_t kernel_page_root;
phys_t vm_root;
static unsigned vm_levels = 4;

extern char kernel_text[], kernel_rodata[], kernel_data[], kernel_end[];

static uint64_t *table_entry(phys_t table, uint64_t address, unsigned level)
{
    return (uint64_t *)frame_pointer(table) + ((address >> (12 + 9 * level)) & (ENTRIES - 1));
}

static uint64_t entry_bits(int rights)
{
    return ENTRY_PRESENT | (rights & VM_WRITE ? ENTRY_WRITABLE : 0) | (rights & VM_USER ? ENTRY_USER : 0) |
           (rights & VM_EXECUTE ? 0 : ENTRY_NX);
}

/*
 * The entry for `address` in the table of `level` (0 is the lowest); tables on the way are made. 0 when out of
 * memory.
 */
static uint64_t *make_entry(phys_t root, uint64_t address, unsigned level, uint32_t owner)
{
    phys_t table = root;
    for (unsigned at = vm_levels - 1; at > level; at--) {
        uint64_t *entry = table_entry(table, address, at);
        if (!(*entry & ENTRY_PRESENT)) {
            phys_t frame = frame_allocate(FRAME_PAGE_TABLE, owner);
            if (!frame)
                return 0;
            /* Rights are decided by the last level; only the user bit separates the halves here. */
            *entry = frame | ENTRY_PRESENT | ENTRY_WRITABLE | (address < USER_TOP ? ENTRY_USER : 0);
        }
        table = *entry & ENTRY_ADDRESS;
    }
    return table_entry(table, address, level);
}

int vm_map(phys_t root, uint64_t address, phys_t frame, int rights, uint32_t owner)
{
    uint64_t *entry = make_entry(root, address, 0, owner);
    if (!entry)
        return -ENOMEM;
    if (*entry & ENTRY_PRESENT)
        return -EEXIST;
    *entry = frame | entry_bits(rights);
    return 0;
}

void vm_unmap(phys_t root, uint64_t address)
{
    phys_t table = root;
    for (unsigned level = vm_levels - 1; level > 0; level--) {
        uint64_t entry = *table_entry(table, address, level);
        if (!(entry & ENTRY_PRESENT))
            return;
        table = entry & ENTRY_ADDRESS;
    }
    *table_entry(table, address, 0) = 0;
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

phys_t vm_lookup(phys_t root, uint64_t address, int rights)
{
    phys_t table = root;
    uint64_t need = entry_bits(rights) & ~ENTRY_NX;
    for (unsigned level = vm_levels; level-- > 0;) {
        uint64_t entry = *table_entry(table, address, level);
        if ((entry & need) != need || ((rights & VM_EXECUTE) && (entry & ENTRY_NX)))
            return 0;
        table = entry & ENTRY_ADDRESS;
    }
    return table;
}

uint64_t vm_first_missing(phys_t root, uint64_t page, uint64_t last, int rights)
{
    uint64_t need = entry_bits(rights) & ~ENTRY_NX;
    const uint64_t *entry = 0;
    for (page &= ~(uint64_t)(PAGE_SIZE - 1); page <= last; page += PAGE_SIZE, entry++) {
        if (!entry || page % LARGE_PAGE == 0) { /* a table of the lowest level covers a large page */
            phys_t table = root;
            for (unsigned level = vm_levels - 1; level > 0; level--) {
                uint64_t above = *table_entry(table, page, level);
                if ((above & need) != need)
                    return page;
                table = above & ENTRY_ADDRESS;
            }
            entry = table_entry(table, page, 0);
        }
        if ((*entry & need) != need)
            return page;
    }
    return 0;
}

phys_t vm_create(uint32_t owner)
{
    phys_t root = frame_allocate(FRAME_PAGE_TABLE, owner);
    if (root)
        memcpy((uint64_t *)frame_pointer(root) + ENTRIES / 2, (uint64_t *)frame_pointer(kernel_page_root) + ENTRIES / 2,
               PAGE_SIZE / 2);
    return root;
}

static void free_table(phys_t table, unsigned level, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        uint64_t entry = ((uint64_t *)frame_pointer(table))[i];
        if (!(entry & ENTRY_PRESENT))
            continue;
        if (level > 0)
            free_table(entry & ENTRY_ADDRESS, level - 1, ENTRIES);
        else
            frame_free(entry & ENTRY_ADDRESS);
    }
    frame_free(table);
}

void vm_destroy(phys_t root)
{
    free_table(root, vm_levels - 1, ENTRIES / 2);
}

/* Maps [from, to) of the kernel image. */
static void map_image(const char *from, const char *to, int rights)
{
    for (uint64_t address = (uint64_t)from; address < (uint64_t)to; address += PAGE_SIZE)
        if (vm_map(kernel_page_root, address, address - KERNEL_VIRTUAL_BASE, rights, 0))
            panic("the kernel image cannot be mapped");
}

static void map_direct(void)
{
    uint64_t size = frame_allocator.frame_count * PAGE_SIZE;
    for (phys_t at = 0; at < size; at += LARGE_PAGE) {
        uint64_t *entry = make_entry(kernel_page_root, DIRECT_MAP_BASE + at, 1, 0);
        if (!entry)
            panic("no memory for the direct map");
        *entry = at | ENTRY_LARGE | entry_bits(VM_WRITE);
    }
}

/*
 * frame_pointer needs the direct map. The boot's own tables get it first, as a second name of their identity mapping,
 * so that the kernel's tables can be built through it.
 */
void vm_early(void)
{
    phys_t boot_root;
    __asm__ volatile("movq %%cr3, %0" : "=r"(boot_root));
    uint64_t *top = (uint64_t *)(KERNEL_VIRTUAL_BASE + (boot_root & ENTRY_ADDRESS));
    top[(DIRECT_MAP_BASE >> 39) & (ENTRIES - 1)] = top[0];
}

void vm_start(void)
{
    kernel_page_root = frame_allocate(FRAME_PAGE_TABLE, 0);

    map_image(kernel_text, kernel_rodata, VM_EXECUTE);
    map_image(kernel_rodata, kernel_data, VM_READ);
    map_image(kernel_data, kernel_end, VM_WRITE);
    map_direct();

    /*
     * Every kernel entry of the top table exists from now on: new address spaces copy them once and never look again.
     */
    if (!make_entry(kernel_page_root, KERNEL_STACKS_BASE, 0, 0) || !make_entry(kernel_page_root, HEAP_BASE, 0, 0))
        panic("no memory for page tables");
    vm_switch(kernel_page_root);
}
