#include "elf.h"

#include "frame.h"
#include "fs.h"
#include "gdt.h"
#include "process.h"
#include "vm.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segment_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t segment_size;
    uint16_t segment_count;
    uint16_t section_size;
    uint16_t section_count;
    uint16_t names;
};

struct elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

#define TYPE_EXECUTABLE 2
#define MACHINE_X86_64 62
#define SEGMENT_LOAD 1
#define SEGMENT_EXECUTE 1
#define SEGMENT_WRITE 2
#define MAX_ELF_SEGMENTS 8
#define IMAGE_LIMIT (USER_BASE + UINT64_C(16) * MIB)
#define RFLAGS_USER 0x202

void process_begin_user(void); /* trap.S */

static int header_is_sound(const struct elf_header *h)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64 bits, little-endian, version 1 */
    return memcmp(h->ident, ident, sizeof ident) == 0 && h->type == TYPE_EXECUTABLE && h->machine == MACHINE_X86_64 &&
           h->segment_size == sizeof(struct elf_segment) && h->segment_count <= MAX_ELF_SEGMENTS;
}

static int segment_is_sound(const struct elf_segment *s, const struct directory_entry *file)
{
    return s->address >= USER_BASE && s->address % PAGE_SIZE == 0 && s->address < IMAGE_LIMIT &&
           s->memory_size <= IMAGE_LIMIT - s->address && s->file_size <= s->memory_size && s->offset <= file->length &&
           s->file_size <= file->length - s->offset;
}

/* Gives a segment its pages. Segments never share one: two in the same page are refused by vm_map. */
static int load_segment(struct process *process, const struct directory_entry *file, const struct elf_segment *s)
{
    int rights = VM_USER | (s->flags & SEGMENT_WRITE ? VM_WRITE : 0) | (s->flags & SEGMENT_EXECUTE ? VM_EXECUTE : 0);
    for (uint64_t at = 0; at < s->memory_size; at += PAGE_SIZE) {
        phys_t frame = frame_allocate(FRAME_USER_IMAGE, process->pid);
        if (!frame)
            return -ENOMEM;
        int result = vm_map(process->page_root, s->address + at, frame, rights, process->pid);
        if (result) {
            frame_free(frame);
            return result == -EEXIST ? -ENOEXEC : result;
        }
        process->image_pages++;
        uint64_t rest = at < s->file_size ? s->file_size - at : 0;
        size_t part = rest < PAGE_SIZE ? rest : PAGE_SIZE;
        if (part && fs_read(file, s->offset + at, frame_pointer(frame), part) != (long)part)
            return -EIO;
    }
    uint64_t end = (s->address + s->memory_size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (end > process->heap_start)
        process->heap_start = process->heap_end = end;
    return 0;
}

static int load_image(struct process *process, const struct directory_entry *file, uint64_t *entry)
{
    struct elf_header header;
    if (fs_read(file, 0, &header, sizeof header) != (long)sizeof header || !header_is_sound(&header))
        return -ENOEXEC;
    for (unsigned i = 0; i < header.segment_count; i++) {
        struct elf_segment segment;
        uint64_t offset = header.segment_offset + i * sizeof segment;
        if (fs_read(file, offset, &segment, sizeof segment) != (long)sizeof segment)
            return -ENOEXEC;
        if (segment.type != SEGMENT_LOAD || segment.memory_size == 0)
            continue;
        if (!segment_is_sound(&segment, file))
            return -ENOEXEC;
        int result = load_segment(process, file, &segment);
        if (result)
            return result;
    }
    *entry = header.entry;
    int runnable = header.entry < USER_TOP && vm_lookup(process->page_root, header.entry, VM_USER | VM_EXECUTE);
    return runnable ? 0 : -ENOEXEC;
}

/* The first page of the stack, the arguments at its top. Returns their address in *arguments_at. */
static int load_stack(struct process *process, const char *arguments, uint64_t *arguments_at)
{
    phys_t frame = frame_allocate(FRAME_USER_STACK, process->pid);
    if (!frame)
        return -ENOMEM;
    process->stack_low = USER_STACK_TOP - PAGE_SIZE;
    if (vm_map(process->page_root, process->stack_low, frame, VM_USER | VM_WRITE, process->pid)) {
        frame_free(frame);
        return -ENOMEM;
    }
    text_copy((char *)frame_pointer(frame) + PAGE_SIZE - ARGUMENT_SIZE, arguments, ARGUMENT_SIZE);
    *arguments_at = USER_STACK_TOP - ARGUMENT_SIZE;
    return 0;
}

int64_t elf_load(const struct directory_entry *file, const char *arguments)
{
    int result;
    uint64_t entry = 0, arguments_at = 0;
    struct process *process = process_create(file->name, KIND_NATIVE, &result);
    if (!process)
        return result;
    phys_t root = vm_create(process->pid);
    if (root) {
        process->page_root = root;
        result = load_image(process, file, &entry);
        if (result == 0)
            result = load_stack(process, arguments, &arguments_at);
    } else {
        result = -ENOMEM;
    }
    if (result) {
        process_abandon(process);
        return result;
    }
    struct trap_frame frame = {
        .rip = entry,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_USER,
        .rsp = arguments_at - sizeof(uint64_t), /* as if it had been called */
        .ss = SELECTOR_USER_DATA,
        .rdi = arguments_at,
    };
    return process_ready(process, process_begin_user, &frame);
}
