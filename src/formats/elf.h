/* ELF objects as the dynamic loader sees them (gABI chapters 4 and 5, elf(5)): identity, program headers, the
 * dynamic section, symbol versions. Section headers are not used, so a file without them reads the same. A
 * file is read by ranges through a few small windows and never mapped: a file that is cut meanwhile gives
 * short reads, not a signal, and of a file of one gigabyte only what is asked for is read. All text that is
 * handed out lives in the arena. */
#ifndef TFD_FORMATS_ELF_H
#define TFD_FORMATS_ELF_H

#include "formats/reader.h"

/* Limits on input; real objects stay far below (TensorFlow 2.21: 13 needed names, 40 versions, 11 program
 * headers). */
#define TFD_ELF_SEGMENTS_MAX 64
#define TFD_ELF_DYNAMIC_MAX 4096  /* entries of the dynamic section */
#define TFD_ELF_NEEDED_MAX 512    /* DT_NEEDED entries */
#define TFD_ELF_VERSIONS_MAX 1024 /* version definitions, or needs, of one object */
#define TFD_ELF_PATH_MAX 262144   /* bytes of DT_RPATH or DT_RUNPATH; TensorFlow 2.21 has one of 20 KB */
#define TFD_ELF_SYMBOLS_MAX (1u << 22)

typedef enum tfd_elf_state {
    TFD_ELF_OK,
    TFD_ELF_EMPTY,     /* no bytes at all */
    TFD_ELF_SHORT,     /* shorter than an ELF header ("file too short") */
    TFD_ELF_NOT_ELF,   /* no ELF magic ("invalid ELF header") */
    TFD_ELF_TRUNCATED, /* a segment reaches past the end of the file */
    TFD_ELF_DAMAGED    /* headers or tables contradict each other, or a limit above */
} tfd_elf_state;

/* e_machine values that are told apart. */
#define TFD_EM_386 3u
#define TFD_EM_ARM 40u
#define TFD_EM_X86_64 62u
#define TFD_EM_AARCH64 183u

/* e_type */
#define TFD_ET_EXEC 2u
#define TFD_ET_DYN 3u

typedef struct tfd_elf_segment {
    uint64_t vaddr, offset, filesz;
} tfd_elf_segment;

/* One version that the object needs of a file (verneed) or defines (verdef). hash is the SysV hash of the
 * name, as the file has it. */
typedef struct tfd_elf_version {
    tfd_str name;
    tfd_str file; /* of a need: the DT_NEEDED name it is expected in; of a definition: empty */
    uint32_t hash;
    uint16_t index; /* in versym, without the hidden bit */
    bool is_weak;   /* a missing one is only warned about (VER_FLG_WEAK) */
    bool is_hidden; /* bit 15 of the index: references must match exactly */
    bool is_base;   /* a definition: names the file itself (VER_FLG_BASE), binds nothing */
} tfd_elf_version;

/* Places in the file (offsets, not addresses); 0 = there is none. */
typedef struct tfd_elf_tables {
    uint64_t symtab, strtab, strsz, versym, gnu_hash, sysv_hash;
    uint64_t rel, relsz, relent; /* DT_RELA or DT_REL */
    uint64_t plt, pltsz;         /* DT_JMPREL */
    bool rel_has_addend, plt_has_addend;
} tfd_elf_tables;

typedef struct tfd_elf {
    tfd_elf_state state;
    tfd_str why; /* one sentence for a state other than OK */
    uint64_t size;
    int bits; /* 32, 64; 0 where the header could not be read */
    bool big_endian;
    uint16_t machine, type;
    uint8_t osabi;
    tfd_str interp; /* PT_INTERP; empty: none */
    bool has_dynamic;
    tfd_str soname, rpath, runpath; /* unexpanded; empty: none */
    bool has_rpath, has_runpath;
    tfd_str *needed;
    size_t needed_count;
    bool bind_now;                           /* DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW */
    bool is_pie;                             /* DF_1_PIE: a program, dlopen refuses it */
    bool no_default_dirs;                    /* DF_1_NODEFLIB */
    bool has_stack_header, stack_executable; /* PT_GNU_STACK, and its PF_X */
    uint32_t
        isa_needed; /* GNU_PROPERTY_X86_ISA_1_NEEDED: bit n = x86-64-v(n+1), bit 0 baseline; 0: not said */
    tfd_elf_version *needs, *defs;
    size_t need_count, def_count;
    bool has_verdef; /* DT_VERDEF is there: versions can be missed. Without it any version is taken as
                        present. */
    tfd_elf_segment *segments; /* PT_LOAD */
    size_t segment_count;
    tfd_elf_tables at;
} tfd_elf;

/* ---- reading */

/* Everything in tfd_elf of the open file. TFD_OK also for a bad file: see out->state. TFD_ENOMEM, or TFD_EIO
 * if reading fails. */
tfd_status tfd_elf_parse(tfd_reader *reader, tfd_arena *arena, tfd_elf *out, tfd_err *err);

/* Opens, parses, closes. */
tfd_status tfd_elf_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_elf *out, tfd_err *err);

/* Offset in the file of a virtual address that a PT_LOAD brings from the file; false if none does. */
bool tfd_elf_offset(const tfd_elf *elf, uint64_t vaddr, uint64_t *offset);

/* The processor family of e_machine and class. */
tfd_arch tfd_elf_arch(const tfd_elf *elf);
/* "x86-64", "AArch64" …, or "machine 243". */
tfd_str tfd_elf_machine_name(tfd_arena *arena, uint16_t machine);

#endif
