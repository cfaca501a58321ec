/* Version and manifest out of the tree of resources: three levels, type, id, language; of each only the entry
 * that the loader would take. */
#include <string.h>

#include "base/utf8.h"
#include "formats/pe_parse.h"

#define RT_VERSION 16u
#define RT_MANIFEST 24u
#define FOLDER_HEADER 16u
#define FOLDER_ROW 8u
#define IS_FOLDER 0x80000000u
#define ANY UINT32_MAX

/* Address of what a folder has for an id (ANY: its first row); 0: nothing. */
static bool find_entry(tfd_reader *reader, const tfd_pe *pe, uint32_t folder, uint32_t id, uint32_t *out)
{
    uint32_t count;
    tfd_cur cur;

    *out = 0;
    if (!tfd_pe_view(reader, pe, folder, FOLDER_HEADER, &cur))
        return false;
    tfd_cur_skip(&cur, 12);
    count = tfd_cur_u16(&cur);
    count += tfd_cur_u16(&cur);
    for (uint32_t i = 0; i < count && i < TFD_PE_RESOURCES_MAX; i++) {
        uint32_t row;

        if (!tfd_pe_view(reader, pe, folder + FOLDER_HEADER + i * FOLDER_ROW, FOLDER_ROW, &cur))
            return false;
        row = tfd_cur_u32(&cur);
        if (id != ANY && row != id)
            continue;
        *out = tfd_cur_u32(&cur);
        return true;
    }
    return true;
}

/* Address and size of a resource; size 0: there is none. false: the tree lies outside the file. */
static bool find_resource(tfd_reader *reader, const tfd_pe *pe, uint32_t type, uint32_t id, uint32_t *rva,
                          uint32_t *size)
{
    const uint32_t wanted[3] = {type, id, ANY};
    uint32_t at = IS_FOLDER;
    tfd_cur cur;

    *rva = *size = 0;
    if (pe->resource_rva == 0)
        return true;
    for (size_t level = 0; level < 3; level++) {
        if ((at & IS_FOLDER) == 0)
            return false;
        if (!find_entry(reader, pe, pe->resource_rva + (at & ~IS_FOLDER), wanted[level], &at))
            return false;
        if (at == 0)
            return true;
    }
    if ((at & IS_FOLDER) != 0 || !tfd_pe_view(reader, pe, pe->resource_rva + at, 16, &cur))
        return false;
    *rva = tfd_cur_u32(&cur);
    *size = tfd_cur_u32(&cur);
    return true;
}

/* The bytes of a resource, copied; the empty slice where there is none. TFD_EFORMAT, TFD_ELIMIT, TFD_EIO,
 * TFD_ENOMEM. */
static tfd_status copy_resource(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, uint32_t type,
                                uint32_t id, tfd_str *out, tfd_err *err)
{
    uint32_t rva, size;
    uint64_t offset, left;
    size_t got = 0;
    char *bytes;

    *out = (tfd_str){NULL, 0};
    if (!find_resource(reader, pe, type, id, &rva, &size))
        return tfd_pe_bad_table(reader, err);
    if (size == 0)
        return TFD_OK;
    if (size > TFD_PE_RESOURCE_MAX)
        return tfd_err_set(err, TFD_ELIMIT, 0, "a resource of %lu bytes", (unsigned long)size);
    if (!tfd_pe_offset(pe, rva, &offset, &left) || left < size)
        return tfd_pe_bad_table(reader, err);
    bytes = tfd_arena_take(arena, (size_t)size + 1, 1);
    if (!bytes)
        return tfd_err_set(err, TFD_ENOMEM, 0, "reading a resource: out of memory");
    if (reader->sys->read_at(reader->sys, &reader->file, offset, bytes, size, &got, NULL) != TFD_OK) {
        reader->failed = true;
        return tfd_pe_bad_table(reader, err);
    }
    *out = (tfd_str){bytes, got};
    return TFD_OK;
}

/* ---- version */

/* One block of a version resource: length, value length, type, key, padding, value, padding, blocks. */
typedef struct block {
    tfd_cur value;    /* … and whatever follows up to the block's end */
    size_t value_len; /* bytes */
    tfd_str key;      /* UTF-16 */
    size_t end;       /* offset behind it */
} block;

static void align(tfd_cur *cur)
{
    tfd_cur_skip(cur, (4 - (cur->off & 3)) & 3);
}

/* The block at the cursor, which ends at `end`; false if there is none that fits. */
static bool read_block(const tfd_cur *from, size_t end, block *out)
{
    tfd_cur cur = *from;
    size_t start = cur.off;
    size_t len, value_len, key;
    bool is_text;

    len = tfd_cur_u16(&cur);
    value_len = tfd_cur_u16(&cur);
    is_text = tfd_cur_u16(&cur) == 1;
    if (!cur.ok || len < 6 || len > end - start)
        return false;
    key = cur.off;
    while (tfd_cur_u16(&cur) != 0)
        if (!cur.ok || cur.off >= start + len)
            return false;
    if (!cur.ok || cur.off > start + len)
        return false;
    out->key = (tfd_str){(const char *)cur.ptr + key, cur.off - 2 - key};
    out->end = start + len;
    align(&cur);
    out->value = cur;
    out->value_len = value_len * (is_text ? 2u : 1u);
    if (!cur.ok || cur.off > out->end)
        out->value_len = 0;
    else if (out->value_len > out->end - cur.off)
        out->value_len = out->end - cur.off;
    return true;
}

static bool key_is(const block *b, const char *name)
{
    size_t n = strlen(name);

    if (b->key.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (b->key.ptr[2 * i] != name[i] || b->key.ptr[2 * i + 1] != 0)
            return false;
    return true;
}

/* UTF-16 up to its NUL as UTF-8; what is no character becomes U+FFFD. */
static tfd_str to_utf8(tfd_arena *arena, tfd_cur cur, size_t len)
{
    size_t end = cur.off + len;
    char *out = tfd_arena_take(arena, len / 2 * 3 + 1, 1);
    size_t n = 0;

    while (out && cur.off + 2 <= end) {
        uint32_t c = tfd_cur_u16(&cur);
        tfd_cur next = cur;
        uint32_t low = cur.off + 2 <= end ? tfd_cur_u16(&next) : 0;

        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            cur = next;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        n += tfd_utf8_put(c, out + n);
    }
    return (tfd_str){out, n};
}

/* Strings of the first language of a StringFileInfo. */
static bool read_strings(tfd_arena *arena, const block *info, tfd_pe_version *out)
{
    tfd_cur cur = info->value;
    block table, row;

    if (!read_block(&cur, info->end, &table))
        return true;
    for (cur = table.value; cur.ok && cur.off < table.end && read_block(&cur, table.end, &row); align(&cur)) {
        tfd_str *to = key_is(&row, "OriginalFilename")  ? &out->original_name
                      : key_is(&row, "CompanyName")     ? &out->company
                      : key_is(&row, "FileDescription") ? &out->description
                                                        : NULL;

        if (to) {
            *to = to_utf8(arena, row.value, row.value_len);
            if (!to->ptr)
                return false;
        }
        tfd_cur_seek(&cur, row.end);
    }
    return true;
}

static void read_fixed(const block *root, tfd_pe_version *out)
{
    tfd_cur cur = root->value;

    if (root->value_len < 52 || tfd_cur_u32(&cur) != 0xfeef04bdu)
        return;
    tfd_cur_skip(&cur, 4);
    for (size_t i = 0; i < 4; i += 2) {
        out->file[i + 1] = tfd_cur_u16(&cur);
        out->file[i] = tfd_cur_u16(&cur);
    }
    for (size_t i = 0; i < 4; i += 2) {
        out->product[i + 1] = tfd_cur_u16(&cur);
        out->product[i] = tfd_cur_u16(&cur);
    }
    out->is_present = cur.ok;
}

tfd_status tfd_pe_read_version(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, tfd_pe_version *out,
                               tfd_err *err)
{
    tfd_str bytes;
    tfd_cur cur;
    block root, child;
    tfd_status st = copy_resource(reader, arena, pe, RT_VERSION, 1, &bytes, err);

    memset(out, 0, sizeof *out);
    if (st != TFD_OK || bytes.len == 0)
        return st;
    cur = tfd_cur_of(bytes.ptr, bytes.len);
    if (!read_block(&cur, bytes.len, &root))
        return tfd_err_set(err, TFD_EFORMAT, 0, "the version resource cannot be read");
    read_fixed(&root, out);
    out->text = tfd_arena_fmt(arena, "%u.%u.%u.%u", out->file[0], out->file[1], out->file[2], out->file[3]);
    cur = root.value;
    tfd_cur_skip(&cur, root.value_len);
    for (align(&cur); cur.ok && cur.off < root.end && read_block(&cur, root.end, &child); align(&cur)) {
        if (key_is(&child, "StringFileInfo") && !read_strings(arena, &child, out))
            return tfd_err_set(err, TFD_ENOMEM, 0, "reading a version: out of memory");
        tfd_cur_seek(&cur, child.end);
    }
    return out->text.ptr ? TFD_OK : tfd_err_set(err, TFD_ENOMEM, 0, "reading a version: out of memory");
}

tfd_status tfd_pe_file_version(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_pe_version *out,
                               tfd_err *err)
{
    tfd_reader reader;
    tfd_pe pe;
    tfd_status st;

    reader.failed = false;
    st = tfd_reader_open(&reader, sys, path, err);
    memset(out, 0, sizeof *out);
    if (st != TFD_OK)
        return st;
    st = tfd_pe_parse(&reader, arena, &pe, err);
    if (st == TFD_OK && pe.state != TFD_PE_OK)
        st = tfd_err_set(err, TFD_EFORMAT, 0, "%.*s", TFD_ARG(pe.why));
    if (st == TFD_OK)
        st = tfd_pe_read_version(&reader, arena, &pe, out, err);
    tfd_reader_close(&reader);
    return st;
}

/* ---- manifest */

/* The value of name="…" in the text of one tag, or the empty slice. */
static tfd_str attribute(tfd_str tag, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n + 3 < tag.len; i++) {
        tfd_str rest;
        char quote;
        size_t end;

        if (!tfd_char_is_space(tag.ptr[i]) || !tfd_str_starts_z(tfd_str_from(tag, i + 1), name))
            continue;
        rest = tfd_str_trim(tfd_str_from(tag, i + 1 + n));
        if (rest.len < 2 || rest.ptr[0] != '=')
            continue;
        rest = tfd_str_trim(tfd_str_from(rest, 1));
        quote = rest.len ? rest.ptr[0] : 0;
        if (quote != '"' && quote != '\'')
            continue;
        rest = tfd_str_from(rest, 1);
        end = tfd_str_find_char(rest, quote);
        return end == TFD_NPOS ? TFD_STR("") : tfd_str_sub(rest, 0, end);
    }
    return TFD_STR("");
}

/* Every <assemblyIdentity> inside of a <dependentAssembly>: the one outside names the image itself. */
static tfd_status read_dependencies(tfd_arena *arena, tfd_pe_manifest *out, tfd_err *err)
{
    tfd_str rest = out->text;

    out->items = tfd_arena_new(arena, tfd_pe_assembly, TFD_PE_ASSEMBLIES_MAX);
    if (!out->items)
        return tfd_err_set(err, TFD_ENOMEM, 0, "reading a manifest: out of memory");
    while (out->count < TFD_PE_ASSEMBLIES_MAX) {
        size_t at = tfd_str_find_z(rest, "dependentAssembly");
        size_t id, end;

        if (at == TFD_NPOS)
            break;
        rest = tfd_str_from(rest, at + strlen("dependentAssembly"));
        id = tfd_str_find_z(rest, "assemblyIdentity");
        at = tfd_str_find_z(rest, "dependentAssembly");
        if (id == TFD_NPOS || (at != TFD_NPOS && at < id))
            continue;
        rest = tfd_str_from(rest, id);
        end = tfd_str_find_char(rest, '>');
        if (end == TFD_NPOS)
            break;
        out->items[out->count].name = attribute(tfd_str_sub(rest, 0, end), "name");
        out->items[out->count].version = attribute(tfd_str_sub(rest, 0, end), "version");
        out->items[out->count].arch = attribute(tfd_str_sub(rest, 0, end), "processorArchitecture");
        out->count += out->items[out->count].name.len > 0;
    }
    return TFD_OK;
}

tfd_status tfd_pe_read_manifest(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, tfd_pe_manifest *out,
                                tfd_err *err)
{
    uint32_t id = (pe->characteristics & TFD_PE_IS_DLL) != 0 ? 2 : 1;
    tfd_status st;

    memset(out, 0, sizeof *out);
    st = copy_resource(reader, arena, pe, RT_MANIFEST, id, &out->text, err);
    out->is_present = st == TFD_OK && out->text.len > 0;
    return out->is_present ? read_dependencies(arena, out, err) : st;
}
