#include "formats/elf.h"

#include <stddef.h>
#include <string.h>

#include "base/cur.h"
#include "formats/elf_parse.h"

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
#define PT_GNU_STACK 0x6474e551u
#define PT_GNU_PROPERTY 0x6474e553u
#define PF_X 1u

/* ---- headers */

tfd_cur tfd_elf_cursor(tfd_reader *reader, const tfd_elf *elf, uint64_t offset, size_t len)
{
    const uint8_t *bytes = tfd_reader_bytes(reader, offset, len);
    tfd_cur cur = tfd_cur_of(bytes, bytes ? len : 0);

    cur.big_endian = elf->big_endian;
    cur.ok = bytes != NULL;
    return cur;
}

tfd_status tfd_elf_say_bad(tfd_elf *elf, tfd_elf_state state, tfd_str why)
{
    elf->state = state;
    elf->why = why;
    return TFD_OK;
}

static uint64_t read_word(tfd_cur *cur, int bits)
{
    return bits == 64 ? tfd_cur_u64(cur) : tfd_cur_u32(cur);
}

typedef struct header {
    uint64_t phoff;
    uint16_t phentsize, phnum;
} header;

/* false if the file is none that can be read further; state and why are set then. */
static bool read_header(tfd_reader *reader, tfd_elf *elf, header *out)
{
    const uint8_t *bytes =
        tfd_reader_bytes(reader, 0, reader->file.size < 64 ? (size_t)reader->file.size : 64);
    tfd_cur cur;

    if (elf->size == 0)
        return tfd_elf_say_bad(elf, TFD_ELF_EMPTY, TFD_STR("the file is empty")), false;
    if (!bytes || memcmp(bytes, "\177ELF", elf->size < 4 ? (size_t)elf->size : 4) != 0)
        return tfd_elf_say_bad(elf, TFD_ELF_NOT_ELF, TFD_STR("it does not begin like an ELF file")), false;
    if (elf->size < 52 || (bytes[4] == 2 && elf->size < 64))
        return tfd_elf_say_bad(elf, TFD_ELF_SHORT, TFD_STR("it is shorter than an ELF header")), false;
    if ((bytes[4] != 1 && bytes[4] != 2) || (bytes[5] != 1 && bytes[5] != 2))
        return tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                               TFD_STR("its ELF header names no known class and byte order")),
               false;
    elf->bits = bytes[4] == 2 ? 64 : 32;
    elf->big_endian = bytes[5] == 2;
    elf->osabi = bytes[7];
    cur = tfd_cur_of(bytes, 64 <= elf->size ? 64 : 52);
    cur.big_endian = elf->big_endian;
    tfd_cur_seek(&cur, 16);
    elf->type = tfd_cur_u16(&cur);
    elf->machine = tfd_cur_u16(&cur);
    tfd_cur_skip(&cur, 4);
    (void)read_word(&cur, elf->bits);
    out->phoff = read_word(&cur, elf->bits);
    (void)read_word(&cur, elf->bits);
    tfd_cur_skip(&cur, 6);
    out->phentsize = tfd_cur_u16(&cur);
    out->phnum = tfd_cur_u16(&cur);
    return true;
}

typedef struct program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, filesz;
} program_header;

static program_header read_program_header(const uint8_t *bytes, const tfd_elf *elf)
{
    tfd_cur cur = tfd_cur_of(bytes, elf->bits == 64 ? 56 : 32);
    program_header ph = {0};

    cur.big_endian = elf->big_endian;
    ph.type = tfd_cur_u32(&cur);
    if (elf->bits == 64)
        ph.flags = tfd_cur_u32(&cur);
    ph.offset = read_word(&cur, elf->bits);
    ph.vaddr = read_word(&cur, elf->bits);
    (void)read_word(&cur, elf->bits);
    ph.filesz = read_word(&cur, elf->bits);
    if (elf->bits == 32) {
        (void)tfd_cur_u32(&cur);
        ph.flags = tfd_cur_u32(&cur);
    }
    return ph;
}

/* NT_GNU_PROPERTY_TYPE_0: a note whose description is a list of {type, size, data padded to the word size}.
 */
static void read_property(tfd_reader *reader, tfd_elf *elf, const program_header *ph)
{
    const uint8_t *bytes =
        ph->filesz <= 4096 ? tfd_reader_bytes(reader, ph->offset, (size_t)ph->filesz) : NULL;
    tfd_cur cur = tfd_cur_of(bytes, bytes ? (size_t)ph->filesz : 0);
    size_t word = (size_t)elf->bits / 8;

    cur.big_endian = elf->big_endian;
    tfd_cur_skip(&cur, 16); /* sizes, type, "GNU\0" */
    while (cur.ok && cur.off + 8 <= cur.len) {
        uint32_t type = tfd_cur_u32(&cur);
        uint32_t size = tfd_cur_u32(&cur);
        tfd_cur data = cur;

        if (type == 0xc0008002u) /* GNU_PROPERTY_X86_ISA_1_NEEDED, x86-64 psABI */
            elf->isa_needed = tfd_cur_u32(&data);
        tfd_cur_skip(&cur, ((uint64_t)size + word - 1) / word * word);
    }
}

static bool take_segment(tfd_arena *arena, tfd_elf *elf, const program_header *ph)
{
    if (ph->filesz > elf->size || ph->offset > elf->size - ph->filesz) {
        tfd_elf_say_bad(elf, TFD_ELF_TRUNCATED,
                        tfd_arena_fmt(arena, "a segment ends at byte %llu, the file has %llu",
                                      (unsigned long long)(ph->offset + ph->filesz),
                                      (unsigned long long)elf->size));
        return false;
    }
    if (elf->segment_count == TFD_ELF_SEGMENTS_MAX) {
        tfd_elf_say_bad(elf, TFD_ELF_DAMAGED, TFD_STR("it has too many segments"));
        return false;
    }
    elf->segments[elf->segment_count++] = (tfd_elf_segment){ph->vaddr, ph->offset, ph->filesz};
    return true;
}

static bool read_interp(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, const program_header *ph)
{
    tfd_str text;

    if (ph->filesz == 0 || ph->filesz > TFD_READER_STRING_MAX || ph->offset > elf->size)
        return true;
    if (!tfd_reader_string(reader, ph->offset, ph->offset + ph->filesz, &text))
        return true;
    elf->interp = tfd_arena_str(arena, text);
    return elf->interp.ptr != NULL;
}

/* Walks the program headers; *dynamic is that of PT_DYNAMIC (type 0: none). TFD_OK with elf->state set for a
 * bad file. */
static tfd_status read_program_headers(tfd_reader *reader, tfd_arena *arena, const header *head, tfd_elf *elf,
                                       program_header *dynamic)
{
    size_t want = elf->bits == 64 ? 56 : 32;

    elf->segments = tfd_arena_new(arena, tfd_elf_segment,
                                  head->phnum < TFD_ELF_SEGMENTS_MAX ? head->phnum : TFD_ELF_SEGMENTS_MAX);
    if (!elf->segments)
        return TFD_ENOMEM;
    if (head->phentsize != want || head->phnum == 0)
        return tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                               TFD_STR("its ELF header names no usable program headers"));
    for (size_t i = 0; i < head->phnum && elf->state == TFD_ELF_OK; i++) {
        const uint8_t *bytes =
            head->phoff > elf->size ? NULL : tfd_reader_bytes(reader, head->phoff + i * want, want);
        program_header ph;

        if (!bytes)
            return tfd_elf_say_bad(elf, TFD_ELF_TRUNCATED,
                                   TFD_STR("its program headers lie past the end of the file"));
        ph = read_program_header(bytes, elf);
        if (ph.type == PT_LOAD && !take_segment(arena, elf, &ph))
            break;
        if (ph.type == PT_DYNAMIC)
            *dynamic = ph;
        if (ph.type == PT_INTERP && !read_interp(reader, arena, elf, &ph))
            return TFD_ENOMEM;
        if (ph.type == PT_GNU_STACK) {
            elf->has_stack_header = true;
            elf->stack_executable = (ph.flags & PF_X) != 0;
        }
        if (ph.type == PT_GNU_PROPERTY)
            read_property(reader, elf, &ph);
    }
    return TFD_OK;
}

bool tfd_elf_offset(const tfd_elf *elf, uint64_t vaddr, uint64_t *offset)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const tfd_elf_segment *s = &elf->segments[i];

        if (vaddr >= s->vaddr && vaddr - s->vaddr < s->filesz) {
            *offset = s->offset + (vaddr - s->vaddr);
            return true;
        }
    }
    return false;
}

/* ---- the dynamic section */

typedef struct dynamic {
    uint64_t needed[TFD_ELF_NEEDED_MAX]; /* offsets into the string table */
    size_t needed_count;
    uint64_t soname, rpath, runpath;                                      /* the same */
    uint64_t symtab, strtab, versym, gnu_hash, sysv_hash, rela, rel, plt; /* addresses */
    uint64_t verneed, verdef;
    uint64_t strsz, relasz, relsz, pltsz, verneednum, verdefnum; /* bytes; the last two: entries */
    uint64_t pltrel, flags, flags_1;
    bool has_soname, bind_now;
} dynamic;

/* Tags of the gABI and of GNU (elf.h of glibc) that are kept as they are. */
static const struct {
    uint64_t tag;
    size_t member;
} kept_tags[] = {
    {2, offsetof(dynamic, pltsz)},
    {4, offsetof(dynamic, sysv_hash)},
    {5, offsetof(dynamic, strtab)},
    {6, offsetof(dynamic, symtab)},
    {7, offsetof(dynamic, rela)},
    {8, offsetof(dynamic, relasz)},
    {10, offsetof(dynamic, strsz)},
    {14, offsetof(dynamic, soname)},
    {15, offsetof(dynamic, rpath)},
    {17, offsetof(dynamic, rel)},
    {18, offsetof(dynamic, relsz)},
    {20, offsetof(dynamic, pltrel)},
    {23, offsetof(dynamic, plt)},
    {29, offsetof(dynamic, runpath)},
    {30, offsetof(dynamic, flags)},
    {0x6ffffef5, offsetof(dynamic, gnu_hash)},
    {0x6ffffff0, offsetof(dynamic, versym)},
    {0x6ffffffb, offsetof(dynamic, flags_1)},
    {0x6ffffffc, offsetof(dynamic, verdef)},
    {0x6ffffffd, offsetof(dynamic, verdefnum)},
    {0x6ffffffe, offsetof(dynamic, verneed)},
    {0x6fffffff, offsetof(dynamic, verneednum)},
};

enum { DT_NEEDED = 1, DT_SONAME = 14, DT_RPATH = 15, DT_BIND_NOW = 24, DT_RUNPATH = 29 };

static void take_tag(tfd_elf *elf, dynamic *d, uint64_t tag, uint64_t value)
{
    if (tag == DT_NEEDED && d->needed_count < TFD_ELF_NEEDED_MAX)
        d->needed[d->needed_count++] = value;
    d->has_soname |= tag == DT_SONAME;
    elf->has_rpath |= tag == DT_RPATH;
    elf->has_runpath |= tag == DT_RUNPATH;
    d->bind_now |= tag == DT_BIND_NOW;
    for (size_t i = 0; i < sizeof kept_tags / sizeof kept_tags[0]; i++)
        if (kept_tags[i].tag == tag)
            memcpy((char *)d + kept_tags[i].member, &value, sizeof value);
}

static bool read_dynamic(tfd_reader *reader, tfd_elf *elf, const program_header *ph, dynamic *d)
{
    size_t entry = (size_t)elf->bits / 4;

    for (size_t i = 0; i < TFD_ELF_DYNAMIC_MAX && (i + 1) * entry <= ph->filesz; i++) {
        const uint8_t *bytes = tfd_reader_bytes(reader, ph->offset + i * entry, entry);
        tfd_cur cur = tfd_cur_of(bytes, bytes ? entry : 0);
        uint64_t tag;

        if (!bytes)
            return false;
        cur.big_endian = elf->big_endian;
        tag = read_word(&cur, elf->bits);
        if (tag == 0)
            return true;
        take_tag(elf, d, tag, read_word(&cur, elf->bits));
    }
    return true;
}

void tfd_elf_place(tfd_elf *elf, uint64_t address, const char *what, tfd_arena *arena, uint64_t *out)
{
    if (address != 0 && !tfd_elf_offset(elf, address, out) && elf->state == TFD_ELF_OK)
        tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                        tfd_arena_fmt(arena, "its dynamic section puts the %s outside every segment", what));
}

static void place_tables(tfd_arena *arena, tfd_elf *elf, const dynamic *d)
{
    bool rela = d->rela != 0;

    tfd_elf_place(elf, d->strtab, "string table", arena, &elf->at.strtab);
    tfd_elf_place(elf, d->symtab, "symbol table", arena, &elf->at.symtab);
    tfd_elf_place(elf, d->versym, "version table", arena, &elf->at.versym);
    tfd_elf_place(elf, d->gnu_hash, "hash table", arena, &elf->at.gnu_hash);
    tfd_elf_place(elf, d->sysv_hash, "hash table", arena, &elf->at.sysv_hash);
    tfd_elf_place(elf, rela ? d->rela : d->rel, "relocations", arena, &elf->at.rel);
    tfd_elf_place(elf, d->plt, "relocations", arena, &elf->at.plt);
    elf->at.strsz = d->strsz;
    elf->at.relsz = rela ? d->relasz : d->relsz;
    elf->at.pltsz = d->pltsz;
    elf->at.rel_has_addend = rela;
    elf->at.plt_has_addend = d->pltrel == 7;
    if (elf->state == TFD_ELF_OK && elf->at.strsz > elf->size - elf->at.strtab)
        tfd_elf_say_bad(elf, TFD_ELF_DAMAGED, TFD_STR("its string table reaches past the end of the file"));
}

/* Bytes of a string that does not fit into a window: the search path of an object that looks in many folders.
 * 0: it has no end. */
static size_t measure_string(tfd_reader *reader, uint64_t offset, uint64_t end)
{
    size_t len = 0;

    while (len < TFD_ELF_PATH_MAX && offset + len < end) {
        size_t piece = end - offset - len < 4096 ? (size_t)(end - offset - len) : 4096;
        const uint8_t *bytes = tfd_reader_bytes(reader, offset + len, piece);
        const uint8_t *nul = bytes ? memchr(bytes, 0, piece) : NULL;

        if (nul)
            return len + (size_t)(nul - bytes);
        if (!bytes)
            break;
        len += piece;
    }
    return 0;
}

bool tfd_elf_copy_string(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, uint64_t index, tfd_str *out)
{
    uint64_t offset = elf->at.strtab + index;
    uint64_t end = elf->at.strtab + elf->at.strsz;
    tfd_str text = TFD_STR("");
    size_t got = 0;
    char *bytes;

    if (index < elf->at.strsz && tfd_reader_string(reader, offset, end, &text)) {
        *out = tfd_arena_str(arena, text);
        return out->ptr != NULL;
    }
    text.len = index < elf->at.strsz ? measure_string(reader, offset, end) : 0;
    if (text.len == 0) {
        if (elf->state == TFD_ELF_OK)
            tfd_elf_say_bad(elf, TFD_ELF_DAMAGED,
                            TFD_STR("a name in its dynamic section lies outside the string table"));
        return true;
    }
    bytes = tfd_arena_take(arena, text.len + 1, 1);
    if (!bytes)
        return false;
    if (reader->sys->read_at(reader->sys, &reader->file, offset, bytes, text.len, &got, NULL) == TFD_OK)
        *out = (tfd_str){bytes, got};
    else
        reader->failed = true;
    return true;
}

static tfd_status copy_names(tfd_reader *reader, tfd_arena *arena, tfd_elf *elf, const dynamic *d)
{
    elf->needed = tfd_arena_new(arena, tfd_str, d->needed_count + 1);
    if (!elf->needed)
        return TFD_ENOMEM;
    for (size_t i = 0; i < d->needed_count; i++)
        if (!tfd_elf_copy_string(reader, arena, elf, d->needed[i], &elf->needed[i]))
            return TFD_ENOMEM;
    elf->needed_count = d->needed_count;
    if (d->has_soname && !tfd_elf_copy_string(reader, arena, elf, d->soname, &elf->soname))
        return TFD_ENOMEM;
    if (elf->has_rpath && !tfd_elf_copy_string(reader, arena, elf, d->rpath, &elf->rpath))
        return TFD_ENOMEM;
    if (elf->has_runpath && !tfd_elf_copy_string(reader, arena, elf, d->runpath, &elf->runpath))
        return TFD_ENOMEM;
    return TFD_OK;
}

/* ---- all of it */

static tfd_status parse_dynamic(tfd_reader *reader, tfd_arena *arena, const program_header *ph, tfd_elf *elf)
{
    dynamic d = {0};
    tfd_status st;

    elf->has_dynamic = true;
    if (ph->filesz > elf->size || ph->offset > elf->size - ph->filesz || !read_dynamic(reader, elf, ph, &d))
        return tfd_elf_say_bad(elf, TFD_ELF_TRUNCATED,
                               TFD_STR("its dynamic section lies past the end of the file"));
    place_tables(arena, elf, &d);
    if (elf->state != TFD_ELF_OK)
        return TFD_OK;
    elf->bind_now = d.bind_now || (d.flags & 8) != 0 || (d.flags_1 & 1) != 0;
    elf->no_default_dirs = (d.flags_1 & 0x800) != 0;
    elf->is_pie = (d.flags_1 & 0x08000000) != 0;
    st = copy_names(reader, arena, elf, &d);
    if (st != TFD_OK || elf->state != TFD_ELF_OK)
        return st;
    return tfd_elf_read_needs(reader, arena, elf, d.verneed, d.verneednum) &&
                   tfd_elf_read_defs(reader, arena, elf, d.verdef, d.verdefnum)
               ? TFD_OK
               : TFD_ENOMEM;
}

tfd_status tfd_elf_parse(tfd_reader *reader, tfd_arena *arena, tfd_elf *out, tfd_err *err)
{
    program_header ph = {0};
    header head = {0};
    tfd_status st;

    memset(out, 0, sizeof *out);
    out->size = reader->file.size;
    if (!read_header(reader, out, &head))
        return TFD_OK;
    st = read_program_headers(reader, arena, &head, out, &ph);
    if (st == TFD_OK && out->state == TFD_ELF_OK && ph.type == PT_DYNAMIC)
        st = parse_dynamic(reader, arena, &ph, out);
    if (st != TFD_OK)
        return tfd_err_set(err, st, 0, "reading an ELF file: out of memory");
    return TFD_OK;
}

tfd_status tfd_elf_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_elf *out, tfd_err *err)
{
    tfd_reader reader;
    tfd_status st;

    reader.failed = false;
    st = tfd_reader_open(&reader, sys, path, err);
    if (st != TFD_OK)
        return st;
    st = tfd_elf_parse(&reader, arena, out, err);
    if (st == TFD_OK && reader.failed)
        st = tfd_err_set(err, TFD_EIO, 0,
                         "reading an ELF file failed"); /* what was read is no sign of damage */
    tfd_reader_close(&reader);
    return st;
}

tfd_arch tfd_elf_arch(const tfd_elf *elf)
{
    switch (elf->machine) {
    case TFD_EM_X86_64:
        return TFD_ARCH_X86_64;
    case TFD_EM_386:
        return TFD_ARCH_X86;
    case TFD_EM_AARCH64:
        return TFD_ARCH_AARCH64;
    case TFD_EM_ARM:
        return TFD_ARCH_ARM;
    default:
        return elf->bits ? TFD_ARCH_OTHER : TFD_ARCH_UNKNOWN;
    }
}

tfd_str tfd_elf_machine_name(tfd_arena *arena, uint16_t machine)
{
    static const struct {
        uint16_t machine;
        tfd_str name;
    } names[] = {
        {TFD_EM_X86_64, TFD_STR_INIT("x86-64")},
        {TFD_EM_386, TFD_STR_INIT("x86 (32 bits)")},
        {TFD_EM_AARCH64, TFD_STR_INIT("AArch64")},
        {TFD_EM_ARM, TFD_STR_INIT("ARM (32 bits)")},
        {8, TFD_STR_INIT("MIPS")},
        {20, TFD_STR_INIT("PowerPC")},
        {21, TFD_STR_INIT("PowerPC 64")},
        {22, TFD_STR_INIT("s390")},
        {243, TFD_STR_INIT("RISC-V")},
        {258, TFD_STR_INIT("LoongArch")},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].machine == machine)
            return names[i].name;
    return tfd_arena_fmt(arena, "machine %u", (unsigned)machine);
}
