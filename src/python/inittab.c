#include "python/binary.h"

#include "base/buf.h"
#include "base/cur.h"

/* CPython 3.13 has 69 modules built in. */
#define MODULES_MAX 512
#define NAMES_MAX ((size_t)16 << 10)

/* The pointer at an address relative to the image base, as an address relative to it; 0: none, or unreadable.
 */
static uint32_t read_pointer(tfd_reader *reader, const tfd_pe *pe, uint32_t rva)
{
    size_t size = pe->bits == 64 ? 8 : 4;
    const uint8_t *bytes;
    uint64_t offset, left, value;
    tfd_cur cur;

    if (!tfd_pe_offset(pe, rva, &offset, &left) || left < size)
        return 0;
    bytes = tfd_reader_bytes(reader, offset, size);
    if (!bytes)
        return 0;
    cur = tfd_cur_of(bytes, size);
    value = size == 8 ? tfd_cur_u64(&cur) : tfd_cur_u32(&cur);
    return value > pe->image_base && value - pe->image_base < UINT32_MAX ? (uint32_t)(value - pe->image_base)
                                                                         : 0;
}

static bool add_name(tfd_reader *reader, const tfd_pe *pe, uint32_t rva, tfd_buf *out)
{
    uint64_t offset, left;
    tfd_str name;

    if (!tfd_pe_offset(pe, rva, &offset, &left) || !tfd_reader_string(reader, offset, offset + left, &name) ||
        name.len == 0)
        return false;
    if (out->len)
        tfd_buf_char(out, '\0');
    tfd_buf_str(out, name);
    return !out->failed;
}

static void read_table(tfd_reader *reader, const tfd_pe *pe, tfd_buf *out)
{
    uint32_t step = pe->bits == 64 ? 16 : 8;
    tfd_pe_export variable;
    uint32_t table, name;

    if (tfd_pe_export_find(reader, pe, TFD_STR("PyImport_Inittab"), 0, &variable, NULL) != TFD_OK ||
        variable.forwarder.len)
        return;
    table = read_pointer(reader, pe, variable.rva);
    for (int i = 0; table && i < MODULES_MAX; i++, table += step) {
        name = read_pointer(reader, pe, table);
        if (name == 0 || !add_name(reader, pe, name, out))
            return;
    }
}

tfd_str tfd_binary_inittab(const tfd_sys *sys, tfd_arena *arena, tfd_str dll)
{
    tfd_reader *reader = tfd_arena_new(arena, tfd_reader, 1);
    tfd_str names = {NULL, 0};
    tfd_buf buf;
    tfd_pe pe;

    if (!reader || tfd_reader_open(reader, sys, dll, NULL) != TFD_OK)
        return names;
    tfd_buf_init(&buf, NAMES_MAX);
    if (tfd_pe_parse(reader, arena, &pe, NULL) == TFD_OK && pe.state == TFD_PE_OK) {
        read_table(reader, &pe, &buf);
        names = tfd_buf_to_arena(&buf, arena);
    }
    tfd_buf_done(&buf);
    tfd_reader_close(reader);
    return names;
}
