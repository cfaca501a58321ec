#include "formats/elf_parse.h"

/* ---- symbol versions (Drepper, "ELF Symbol Versioning"): the same layout in both classes */

typedef struct version_list {
    tfd_elf_version *items;
    size_t count, capacity;
} version_list;

static bool add_version(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, version_list *list, uint32_t name,
                        const tfd_elf_version *version)
{
    if (!TFD_GROW(arena, list))
        return false;
    list->items[list->count] = *version;
    if (!tfd_elf_copy_string(reader, arena, elf, name, &list->items[list->count].name))
        return false;
    list->count++;
    return true;
}

/* The vernaux chain of one verneed. false at the arena's limit; a broken chain ends it and marks the object.
 */
static bool read_need_names(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t offset,
                            uint16_t count, tfd_str file, version_list *list)
{
    for (uint16_t i = 0; i < count && list->count < TFD_ELF_VERSIONS_MAX; i++) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, offset, 16);
        tfd_elf_version version = {.file = file};
        uint16_t flags, other;
        uint32_t name, next;

        version.hash = tfd_cur_u32(&cur);
        flags = tfd_cur_u16(&cur);
        other = tfd_cur_u16(&cur);
        name = tfd_cur_u32(&cur);
        next = tfd_cur_u32(&cur);
        if (!cur.ok) {
            tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                            TFD_STR("its table of needed versions lies outside the file"));
            return true;
        }
        version.is_weak = (flags & 2) != 0;
        version.is_hidden = (other & 0x8000) != 0;
        version.index = other & 0x7fff;
        if (!add_version(reader, arena, elf, list, name, &version))
            return false;
        if (next == 0)
            break;
        offset += next;
    }
    return true;
}

bool tfd_elf_read_needs(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address, uint64_t count)
{
    version_list list = {0};
    uint64_t offset = 0;

    if (address == 0)
        return true;
    tfd_elf_place(elf, address, "table of needed versions", arena, &offset);
    for (uint64_t i = 0; i < count && i < TFD_ELF_NEEDED_MAX && elf->state == TFD_ELF_OK; i++) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, offset, 16);
        tfd_str file = TFD_STR("");
        uint16_t names;
        uint32_t name, aux, next;

        (void)tfd_cur_u16(&cur);
        names = tfd_cur_u16(&cur);
        name = tfd_cur_u32(&cur);
        aux = tfd_cur_u32(&cur);
        next = tfd_cur_u32(&cur);
        if (!cur.ok) {
            tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                            TFD_STR("its table of needed versions lies outside the file"));
            break;
        }
        if (!tfd_elf_copy_string(reader, arena, elf, name, &file) ||
            !read_need_names(reader, arena, elf, offset + aux, names, file, &list))
            return false;
        if (next == 0)
            break;
        offset += next;
    }
    elf->needs = list.items;
    elf->need_count = list.count;
    return true;
}

bool tfd_elf_read_defs(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t address, uint64_t count)
{
    version_list list = {0};
    uint64_t offset = 0;

    if (address == 0)
        return true;
    elf->has_verdef = true;
    tfd_elf_place(elf, address, "table of versions", arena, &offset);
    for (uint64_t i = 0; i < count && i < TFD_ELF_VERSIONS_MAX && elf->state == TFD_ELF_OK; i++) {
        tfd_cur cur = tfd_elf_cursor(reader, elf, offset, 20);
        tfd_elf_version version = {0};
        uint16_t flags;
        uint32_t aux, next, name = 0;

        (void)tfd_cur_u16(&cur);
        flags = tfd_cur_u16(&cur);
        version.index = tfd_cur_u16(&cur) & 0x7fff;
        (void)tfd_cur_u16(&cur);
        version.hash = tfd_cur_u32(&cur);
        aux = tfd_cur_u32(&cur);
        next = tfd_cur_u32(&cur);
        version.is_base = (flags & 1) != 0;
        version.is_weak = (flags & 2) != 0;
        if (cur.ok) {
            cur = tfd_elf_cursor(reader, elf, offset + aux, 8); /* the first verdaux names the version */
            name = tfd_cur_u32(&cur);
        }
        if (!cur.ok) {
            tfd_elf_say_bad(elf, TFD_ELF_DAMAGED, TFD_STR("its table of versions lies outside the file"));
            break;
        }
        if (!add_version(reader, arena, elf, &list, name, &version))
            return false;
        if (next == 0)
            break;
        offset += next;
    }
    elf->defs = list.items;
    elf->def_count = list.count;
    return true;
}
