#include "formats/pe.h"

#include <string.h>

#include "formats/pe_parse.h"

#define DOS_HEADER 64u
#define COFF_HEADER 24u /* "PE\0\0" and IMAGE_FILE_HEADER */
#define DIRECTORIES 16u
#define OPTIONAL_MAX 240u /* PE32+ with all directories */
#define SECTION_HEADER 40u
#define IMPORT_ROW 20u
#define DELAY_ROW 32u
#define EXPORT_HEADER 40u
#define SECTOR 512u

enum { DIR_EXPORT = 0, DIR_IMPORT = 1, DIR_RESOURCE = 2, DIR_CERTIFICATE = 4, DIR_DELAY = 13, DIR_CLR = 14 };

typedef struct directory {
    uint32_t rva, size;
} directory;

typedef struct headers {
    uint64_t at; /* of "PE\0\0" */
    uint16_t section_count, optional_size;
    uint32_t headers_size;
    directory dirs[DIRECTORIES];
} headers;

tfd_status tfd_pe_say_bad(tfd_pe *pe, tfd_pe_state state, tfd_str why)
{
    if (pe->state == TFD_PE_OK) {
        pe->state = state;
        pe->why = why;
    }
    return TFD_OK;
}

static bool is_bad(tfd_pe *pe, tfd_pe_state state, const char *why)
{
    tfd_pe_say_bad(pe, state, tfd_str_of(why));
    return false;
}

/* ---- places */

bool tfd_pe_offset(const tfd_pe *pe, uint32_t rva, uint64_t *offset, uint64_t *left)
{
    for (size_t i = 0; i < pe->section_count; i++) {
        const tfd_pe_section *s = &pe->sections[i];
        uint32_t len = s->size != 0 && s->size < s->on_disk ? s->size : s->on_disk;

        if (rva >= s->rva && rva - s->rva < len) {
            *offset = (uint64_t)s->offset + (rva - s->rva);
            if (left)
                *left = len - (rva - s->rva);
            return true;
        }
    }
    return false;
}

bool tfd_pe_view(tfd_reader *reader, const tfd_pe *pe, uint32_t rva, size_t len, tfd_cur *out)
{
    uint64_t offset, left;
    const uint8_t *bytes =
        tfd_pe_offset(pe, rva, &offset, &left) && left >= len ? tfd_reader_bytes(reader, offset, len) : NULL;

    *out = tfd_cur_of(bytes, bytes ? len : 0);
    return bytes != NULL;
}

bool tfd_pe_string(tfd_reader *reader, const tfd_pe *pe, uint32_t rva, tfd_str *out)
{
    uint64_t offset, left;

    return tfd_pe_offset(pe, rva, &offset, &left) && tfd_reader_string(reader, offset, offset + left, out);
}

tfd_status tfd_pe_bad_table(const tfd_reader *reader, tfd_err *err)
{
    return reader->failed ? tfd_err_set(err, TFD_EIO, 0, "the file could not be read")
                          : tfd_err_set(err, TFD_EFORMAT, 0, "a table lies outside the file");
}

/* ---- headers */

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* e_lfanew of the DOS header. */
static bool read_dos(tfd_reader *reader, tfd_pe *pe, headers *head)
{
    size_t len = pe->size < DOS_HEADER ? (size_t)pe->size : DOS_HEADER;
    const uint8_t *bytes = tfd_reader_bytes(reader, 0, len);
    tfd_cur cur;

    if (pe->size == 0)
        return is_bad(pe, TFD_PE_EMPTY, "the file is empty");
    if (!bytes)
        return is_bad(pe, TFD_PE_TRUNCATED, "it became shorter while it was read");
    if (is_zero(bytes, len))
        return is_bad(pe, TFD_PE_NOT_PE, "it begins with zeros: nothing, or nothing but zeros, was written");
    if (memcmp(bytes, "MZ", len < 2 ? len : 2) != 0)
        return is_bad(pe, TFD_PE_NOT_PE, "it does not begin like a Windows program or DLL");
    if (len < DOS_HEADER)
        return is_bad(pe, TFD_PE_SHORT, "it is shorter than the header of a DLL");
    cur = tfd_cur_of(bytes, len);
    tfd_cur_seek(&cur, 60);
    head->at = tfd_cur_u32(&cur);
    return true;
}

static bool read_coff(tfd_reader *reader, tfd_pe *pe, headers *head)
{
    const uint8_t *bytes = tfd_reader_bytes(reader, head->at, COFF_HEADER);
    tfd_cur cur = tfd_cur_of(bytes, bytes ? COFF_HEADER : 0);

    if (!bytes)
        return is_bad(pe, TFD_PE_SHORT, "it ends before its header");
    if (memcmp(bytes, "PE\0\0", 4) != 0)
        return is_bad(pe, TFD_PE_NOT_PE, "it begins like a DOS program, but holds no Windows program or DLL");
    tfd_cur_skip(&cur, 4);
    pe->machine = tfd_cur_u16(&cur);
    head->section_count = tfd_cur_u16(&cur);
    pe->timestamp = tfd_cur_u32(&cur);
    tfd_cur_skip(&cur, 8);
    head->optional_size = tfd_cur_u16(&cur);
    pe->characteristics = tfd_cur_u16(&cur);
    return true;
}

static void read_pair(tfd_cur *cur, uint16_t out[2])
{
    out[0] = tfd_cur_u16(cur);
    out[1] = tfd_cur_u16(cur);
}

static bool read_optional(tfd_reader *reader, tfd_pe *pe, headers *head)
{
    size_t len = head->optional_size < OPTIONAL_MAX ? head->optional_size : OPTIONAL_MAX;
    const uint8_t *bytes = tfd_reader_bytes(reader, head->at + COFF_HEADER, len);
    tfd_cur cur = tfd_cur_of(bytes, bytes ? len : 0);
    uint16_t magic = tfd_cur_u16(&cur);
    uint32_t count;

    if (!bytes)
        return is_bad(pe, TFD_PE_SHORT, "it ends inside its header");
    if (magic != 0x10b && magic != 0x20b)
        return is_bad(pe, TFD_PE_DAMAGED, "its header is neither of the 32-bit nor of the 64-bit form");
    pe->bits = magic == 0x20b ? 64 : 32;
    pe->linker[0] = tfd_cur_u8(&cur);
    pe->linker[1] = tfd_cur_u8(&cur);
    tfd_cur_skip(&cur, 12);
    pe->entry = tfd_cur_u32(&cur);
    tfd_cur_skip(&cur, pe->bits == 64 ? 4 : 8);
    pe->image_base = pe->bits == 64 ? tfd_cur_u64(&cur) : tfd_cur_u32(&cur);
    tfd_cur_skip(&cur, 8);
    read_pair(&cur, pe->os_version);
    tfd_cur_skip(&cur, 4);
    read_pair(&cur, pe->subsystem_version);
    tfd_cur_skip(&cur, 4);
    pe->image_size = tfd_cur_u32(&cur);
    head->headers_size = tfd_cur_u32(&cur);
    pe->check_sum = tfd_cur_u32(&cur);
    pe->subsystem = tfd_cur_u16(&cur);
    pe->dll_characteristics = tfd_cur_u16(&cur);
    tfd_cur_skip(&cur, pe->bits == 64 ? 36 : 20);
    count = tfd_cur_u32(&cur);
    if (!cur.ok)
        return is_bad(pe, TFD_PE_DAMAGED, "its header is too short for its form");
    for (uint32_t i = 0; i < count && i < DIRECTORIES && cur.off + 8 <= cur.len; i++)
        head->dirs[i] = (directory){tfd_cur_u32(&cur), tfd_cur_u32(&cur)};
    return true;
}

/* The loader reads data of a section from the sector that its offset lies in. */
static bool take_section(tfd_arena *arena, tfd_pe *pe, tfd_cur *cur)
{
    tfd_pe_section *s = &pe->sections[pe->section_count];

    memcpy(s->name, cur->ptr, 8);
    tfd_cur_skip(cur, 8);
    s->size = tfd_cur_u32(cur);
    s->rva = tfd_cur_u32(cur);
    s->on_disk = tfd_cur_u32(cur);
    s->offset = tfd_cur_u32(cur);
    tfd_cur_skip(cur, 12);
    s->flags = tfd_cur_u32(cur);
    if (s->offset == 0)
        s->on_disk = 0;
    if (s->on_disk != 0)
        s->offset &= ~(SECTOR - 1);
    pe->section_count++;
    if (s->on_disk == 0 || (uint64_t)s->offset + s->on_disk <= pe->size)
        return true;
    tfd_pe_say_bad(pe, TFD_PE_TRUNCATED,
                   tfd_arena_fmt(arena, "a section ends at byte %llu, the file has %llu",
                                 (unsigned long long)s->offset + s->on_disk, (unsigned long long)pe->size));
    return false;
}

/* The headers are mapped too, as if they were a section at address 0. */
static tfd_status read_sections(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, const headers *head)
{
    uint64_t at = head->at + COFF_HEADER + head->optional_size;
    uint32_t mapped = head->headers_size < pe->size ? head->headers_size : (uint32_t)pe->size;

    if (head->section_count == 0 || head->section_count > TFD_PE_SECTIONS_MAX)
        return tfd_pe_say_bad(pe, TFD_PE_DAMAGED, TFD_STR("its header names no usable number of sections"));
    pe->sections = tfd_arena_new(arena, tfd_pe_section, (size_t)head->section_count + 1);
    if (!pe->sections)
        return TFD_ENOMEM;
    pe->sections[pe->section_count++] = (tfd_pe_section){.name = "", .size = mapped, .on_disk = mapped};
    for (size_t i = 0; i < head->section_count; i++) {
        const uint8_t *bytes = tfd_reader_bytes(reader, at + i * SECTION_HEADER, SECTION_HEADER);
        tfd_cur cur = tfd_cur_of(bytes, bytes ? SECTION_HEADER : 0);

        if (!bytes)
            return tfd_pe_say_bad(pe, TFD_PE_SHORT, TFD_STR("it ends inside its table of sections"));
        if (!take_section(arena, pe, &cur))
            break;
    }
    return TFD_OK;
}

/* ---- imports */

static bool copy_string(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, uint32_t rva, tfd_str *out,
                        bool *found)
{
    tfd_str text;

    *found = tfd_pe_string(reader, pe, rva, &text);
    if (!*found)
        return true;
    *out = tfd_arena_str(arena, text);
    return out->ptr != NULL;
}

/* Whether the first word of a thunk table is zero: such a DLL is not loaded. */
static bool is_unused(tfd_reader *reader, const tfd_pe *pe, uint32_t thunks)
{
    size_t word = pe->bits == 64 ? 8 : 4;
    tfd_cur cur;

    return tfd_pe_view(reader, pe, thunks, word, &cur) &&
           (word == 8 ? tfd_cur_u64(&cur) : tfd_cur_u32(&cur)) == 0;
}

static tfd_status add_import(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, tfd_pe_import row,
                             uint32_t name)
{
    bool found;

    if (!row.is_delayed && is_unused(reader, pe, row.thunks))
        return TFD_OK;
    if (!copy_string(reader, arena, pe, name, &row.dll, &found))
        return TFD_ENOMEM;
    if (!found || row.dll.len == 0)
        return tfd_pe_say_bad(pe, TFD_PE_DAMAGED, TFD_STR("its import table names no DLL where it should"));
    if (!tfd_arena_grow(arena, &pe->imports, &pe->import_capacity, pe->import_count, sizeof row))
        return TFD_ENOMEM;
    pe->imports[pe->import_count++] = row;
    return TFD_OK;
}

static tfd_status read_imports(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, uint32_t rva)
{
    for (uint32_t i = 0; rva != 0 && i < TFD_PE_IMPORTS_MAX && pe->state == TFD_PE_OK; i++) {
        uint32_t lookup, name, first;
        tfd_cur cur;
        tfd_status st;

        if (!tfd_pe_view(reader, pe, rva + i * IMPORT_ROW, IMPORT_ROW, &cur))
            return tfd_pe_say_bad(pe, TFD_PE_DAMAGED, TFD_STR("its import table lies outside the file"));
        lookup = tfd_cur_u32(&cur);
        tfd_cur_skip(&cur, 8);
        name = tfd_cur_u32(&cur);
        first = tfd_cur_u32(&cur);
        if (name == 0 || first == 0)
            break;
        st = add_import(reader, arena, pe, (tfd_pe_import){.thunks = lookup ? lookup : first}, name);
        if (st != TFD_OK)
            return st;
    }
    return TFD_OK;
}

/* Attribute bit 0 says that the table holds RVAs; VC++ 6 wrote addresses. */
static tfd_status read_delayed(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, uint32_t rva)
{
    for (uint32_t i = 0; rva != 0 && i < TFD_PE_IMPORTS_MAX && pe->state == TFD_PE_OK; i++) {
        tfd_pe_import row = {.is_delayed = true};
        uint32_t base = 0, name;
        tfd_cur cur;
        tfd_status st;

        if (!tfd_pe_view(reader, pe, rva + i * DELAY_ROW, DELAY_ROW, &cur))
            return TFD_OK; /* nobody reads it while the image is loaded */
        row.is_bound_by_address = (tfd_cur_u32(&cur) & 1) == 0;
        if (row.is_bound_by_address)
            base = (uint32_t)pe->image_base;
        name = tfd_cur_u32(&cur);
        tfd_cur_skip(&cur, 8);
        row.thunks = tfd_cur_u32(&cur) - base;
        if (name == 0)
            break;
        st = add_import(reader, arena, pe, row, name - base);
        if (st != TFD_OK)
            return st;
    }
    return TFD_OK;
}

/* ---- exports */

static tfd_status read_exports(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, directory dir)
{
    tfd_pe_exports *e = &pe->exports;
    uint32_t name;
    tfd_cur cur;
    bool found;

    if (dir.rva == 0 || dir.size == 0)
        return TFD_OK;
    if (!tfd_pe_view(reader, pe, dir.rva, EXPORT_HEADER, &cur))
        return tfd_pe_say_bad(pe, TFD_PE_DAMAGED, TFD_STR("its export table lies outside the file"));
    if (is_zero(cur.ptr, EXPORT_HEADER))
        return tfd_pe_say_bad(pe, TFD_PE_DAMAGED,
                              TFD_STR("there are zeros where its export table should be"));
    e->rva = dir.rva;
    e->size = dir.size;
    tfd_cur_skip(&cur, 12);
    name = tfd_cur_u32(&cur);
    e->base = tfd_cur_u32(&cur);
    e->function_count = tfd_cur_u32(&cur);
    e->name_count = tfd_cur_u32(&cur);
    e->functions = tfd_cur_u32(&cur);
    e->names = tfd_cur_u32(&cur);
    e->ordinals = tfd_cur_u32(&cur);
    if (e->function_count > TFD_PE_EXPORTS_MAX || e->name_count > TFD_PE_EXPORTS_MAX)
        return tfd_pe_say_bad(pe, TFD_PE_DAMAGED, TFD_STR("its export table is larger than any real one"));
    e->has_table = true;
    return copy_string(reader, arena, pe, name, &e->dll, &found) ? TFD_OK : TFD_ENOMEM;
}

/* ---- all of it */

static tfd_status read_tables(tfd_reader *reader, tfd_arena *arena, tfd_pe *pe, const headers *head)
{
    const directory *dirs = head->dirs;
    tfd_status st;

    pe->resource_rva = dirs[DIR_RESOURCE].rva;
    pe->resource_size = dirs[DIR_RESOURCE].size;
    pe->certificate_offset = dirs[DIR_CERTIFICATE].rva;
    pe->certificate_size = dirs[DIR_CERTIFICATE].size;
    pe->has_certificate =
        pe->certificate_size > 0 && (uint64_t)pe->certificate_offset + pe->certificate_size <= pe->size;
    pe->has_clr = dirs[DIR_CLR].rva != 0;
    st = read_imports(reader, arena, pe, dirs[DIR_IMPORT].rva);
    if (st == TFD_OK && pe->state == TFD_PE_OK)
        st = read_delayed(reader, arena, pe, dirs[DIR_DELAY].rva);
    if (st == TFD_OK && pe->state == TFD_PE_OK)
        st = read_exports(reader, arena, pe, dirs[DIR_EXPORT]);
    return st;
}

tfd_status tfd_pe_parse(tfd_reader *reader, tfd_arena *arena, tfd_pe *out, tfd_err *err)
{
    headers head = {0};
    tfd_status st = TFD_OK;

    memset(out, 0, sizeof *out);
    out->size = reader->file.size;
    if (read_dos(reader, out, &head) && read_coff(reader, out, &head) && read_optional(reader, out, &head))
        st = read_sections(reader, arena, out, &head);
    if (st == TFD_OK && out->state == TFD_PE_OK)
        st = read_tables(reader, arena, out, &head);
    if (st != TFD_OK)
        return tfd_err_set(err, TFD_ENOMEM, 0, "reading a PE file: out of memory");
    if (reader->failed)
        return tfd_err_set(err, TFD_EIO, 0, "reading a PE file failed");
    return TFD_OK;
}

tfd_status tfd_pe_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_pe *out, tfd_err *err)
{
    tfd_reader reader;
    tfd_status st;

    reader.failed = false;
    st = tfd_reader_open(&reader, sys, path, err);
    memset(out, 0, sizeof *out);
    if (st != TFD_OK)
        return st;
    st = tfd_pe_parse(&reader, arena, out, err);
    tfd_reader_close(&reader);
    return st;
}

tfd_arch tfd_pe_arch(const tfd_pe *pe)
{
    switch (pe->machine) {
    case TFD_PE_AMD64:
        return TFD_ARCH_X86_64;
    case TFD_PE_I386:
        return TFD_ARCH_X86;
    case TFD_PE_ARM64:
    case TFD_PE_ARM64EC:
        return TFD_ARCH_AARCH64;
    case TFD_PE_ARMNT:
        return TFD_ARCH_ARM;
    default:
        return pe->bits ? TFD_ARCH_OTHER : TFD_ARCH_UNKNOWN;
    }
}

tfd_str tfd_pe_machine_name(tfd_arena *arena, uint16_t machine)
{
    switch (machine) {
    case TFD_PE_AMD64:
        return TFD_STR("x64");
    case TFD_PE_I386:
        return TFD_STR("x86 (32 bits)");
    case TFD_PE_ARM64:
        return TFD_STR("ARM64");
    case TFD_PE_ARM64EC:
        return TFD_STR("ARM64EC");
    case TFD_PE_ARMNT:
        return TFD_STR("ARM (32 bits)");
    default:
        return tfd_arena_fmt(arena, "machine 0x%x", (unsigned)machine);
    }
}
