/* PE images as the loader of Windows sees them (Microsoft, "PE Format"): identity, sections, imports, delay
 * imports, exports with forwarders, the version resource, the manifest. A file is read by ranges and never
 * mapped: of TensorFlow's DLL of one gigabyte only what is asked for is read. All text that is handed out
 * lives in the arena unless it is said otherwise; names are bytes as the file has them (DLL names are
 * compared without regard to ASCII case). */
#ifndef TFD_FORMATS_PE_H
#define TFD_FORMATS_PE_H

#include "formats/reader.h"

/* Limits on input; real images stay far below (the loader itself refuses more than 96 sections). */
#define TFD_PE_SECTIONS_MAX 96
#define TFD_PE_IMPORTS_MAX 512              /* DLLs of one import table */
#define TFD_PE_SYMBOLS_MAX 65536            /* symbols imported of one DLL */
#define TFD_PE_EXPORTS_MAX (1u << 20)       /* functions, or names, of one export table */
#define TFD_PE_RESOURCES_MAX 4096           /* entries of one resource folder */
#define TFD_PE_RESOURCE_MAX ((size_t)65536) /* bytes of a version resource or manifest that are read */
#define TFD_PE_ASSEMBLIES_MAX 16            /* dependencies that a manifest names */

typedef enum tfd_pe_state {
    TFD_PE_OK,
    TFD_PE_EMPTY,     /* no bytes at all */
    TFD_PE_SHORT,     /* ends inside its headers */
    TFD_PE_NOT_PE,    /* no "MZ", no "PE" behind it, or nothing but zeros */
    TFD_PE_TRUNCATED, /* a section reaches past the end of the file */
    TFD_PE_DAMAGED    /* headers or tables contradict each other, or a limit above */
} tfd_pe_state;

/* IMAGE_FILE_HEADER.Machine values that are told apart. */
#define TFD_PE_I386 0x014cu
#define TFD_PE_ARMNT 0x01c4u
#define TFD_PE_AMD64 0x8664u
#define TFD_PE_ARM64 0xaa64u
#define TFD_PE_ARM64EC 0xa641u

/* IMAGE_FILE_HEADER.Characteristics */
#define TFD_PE_IS_DLL 0x2000u

typedef struct tfd_pe_section {
    char name[9];             /* NUL-ended */
    uint32_t rva, size;       /* in memory */
    uint32_t offset, on_disk; /* in the file */
    uint32_t flags;           /* IMAGE_SCN_… */
} tfd_pe_section;

/* One DLL of the import table, or of the table of delayed imports. */
typedef struct tfd_pe_import {
    tfd_str dll;     /* as written: "MSVCP140.dll" */
    uint32_t thunks; /* RVA of the names and ordinals; there is at least one */
    bool is_delayed; /* loaded when a function of it is called for the first time, not with the image */
    bool is_bound_by_address; /* delayed, in the form of VC++ 6: the tables hold addresses, not RVAs */
} tfd_pe_import;

typedef struct tfd_pe_exports {
    bool has_table;
    uint32_t rva, size; /* of the whole directory: an address inside of it is a forwarder */
    uint32_t base;      /* ordinal of the first function */
    uint32_t function_count, name_count;
    uint32_t functions, names, ordinals; /* RVAs of the three tables */
    tfd_str dll;                         /* name that the image gives itself; empty: none */
} tfd_pe_exports;

typedef struct tfd_pe {
    tfd_pe_state state;
    tfd_str why; /* one sentence for a state other than OK */
    uint64_t size;
    int bits; /* 32, 64; 0 where the headers could not be read */
    uint16_t machine, characteristics, dll_characteristics, subsystem;
    uint16_t linker[2], os_version[2], subsystem_version[2]; /* major, minor */
    uint32_t timestamp, image_size, entry, check_sum;
    uint64_t image_base;
    tfd_pe_section *sections; /* the first stands for the headers, which are mapped too */
    size_t section_count;
    tfd_pe_import *imports; /* those bound with the image first, then the delayed ones; each in table order */
    size_t import_count, import_capacity;
    tfd_pe_exports exports;
    uint32_t resource_rva, resource_size;          /* 0: none */
    uint32_t certificate_offset, certificate_size; /* Authenticode: in the file; 0: none */
    bool has_certificate;                          /* … and it lies inside of the file */
    bool has_clr;                                  /* a .NET assembly */
} tfd_pe;

/* ---- reading */

/* Everything in tfd_pe of the open file. TFD_OK also for a bad file: see out->state. TFD_ENOMEM, or TFD_EIO
 * if reading fails. */
tfd_status tfd_pe_parse(tfd_reader *reader, tfd_arena *arena, tfd_pe *out, tfd_err *err);
/* Opens, parses, closes. */
tfd_status tfd_pe_read(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_pe *out, tfd_err *err);

/* Offset in the file of an address relative to the image base that headers or a section bring from the file;
 * false if none does. *left (may be NULL): bytes that follow there. */
bool tfd_pe_offset(const tfd_pe *pe, uint32_t rva, uint64_t *offset, uint64_t *left);

tfd_arch tfd_pe_arch(const tfd_pe *pe);
/* "x64", "x86 (32 bits)", "ARM64" …, or "machine 0x1f0". */
tfd_str tfd_pe_machine_name(tfd_arena *arena, uint16_t machine);

/* ---- symbols that are imported */

typedef struct tfd_pe_symbol {
    tfd_str name; /* valid during the call only; empty where it is imported by ordinal */
    uint16_t hint;
    uint32_t ordinal;
    bool by_ordinal;
} tfd_pe_symbol;

typedef bool (*tfd_pe_visit)(void *ctx, const tfd_pe_symbol *symbol);

/* Calls visit for each symbol of one imported DLL, in table order, until it gives false. TFD_EFORMAT where
 * the table lies outside the file; TFD_ELIMIT; TFD_EIO. */
tfd_status tfd_pe_each_symbol(tfd_reader *reader, const tfd_pe *pe, const tfd_pe_import *import,
                              tfd_pe_visit visit, void *ctx, tfd_err *err);

/* ---- symbols that are exported */

typedef struct tfd_pe_export {
    uint32_t row;     /* in the table of names; 0 for a lookup by ordinal */
    uint32_t ordinal; /* with the base */
    uint32_t rva;
    tfd_str forwarder; /* "NTDLL.RtlAllocateHeap", "dll.#12"; valid until TFD_READER_WINDOWS more reads;
                          empty: it is here */
} tfd_pe_export;

/* Looks one name up in the sorted table, beginning at row `near` (the import's hint, or the row found last):
 * what stands there is found at once, what stands close by soon. TFD_ENOENT: the image does not export it.
 * TFD_EFORMAT: tables that lie outside the file; TFD_EIO. */
tfd_status tfd_pe_export_find(tfd_reader *reader, const tfd_pe *pe, tfd_str name, uint32_t near,
                              tfd_pe_export *out, tfd_err *err);
/* The same by ordinal (with the base). */
tfd_status tfd_pe_export_at(tfd_reader *reader, const tfd_pe *pe, uint32_t ordinal, tfd_pe_export *out,
                            tfd_err *err);
/* The name in a row of the sorted table (with the life of tfd_reader_string), and the address that belongs to
 * it; an address inside of the export directory is a forwarder. false if they cannot be read. */
bool tfd_pe_name_at(tfd_reader *reader, const tfd_pe *pe, uint32_t row, tfd_str *out);
bool tfd_pe_rva_at(tfd_reader *reader, const tfd_pe *pe, uint32_t row, uint32_t *out);
/* Cuts "dll.name" at its last '.': *dll gets ".dll" appended in the arena where it has no suffix. false if it
 * is no forwarder. "#12" as name means an ordinal. */
bool tfd_pe_forwarder_split(tfd_arena *arena, tfd_str forwarder, tfd_str *dll, tfd_str *name);

/* ---- resources */

typedef struct tfd_pe_version {
    bool is_present;  /* a VS_FIXEDFILEINFO was read */
    uint16_t file[4]; /* 14, 29, 30133, 0 */
    uint16_t product[4];
    tfd_str text;          /* of file: "14.29.30133.0" */
    tfd_str original_name; /* OriginalFilename of the first language; empty: none */
    tfd_str company;       /* CompanyName; empty: none */
    tfd_str description;   /* FileDescription; empty: none */
} tfd_pe_version;

/* TFD_OK also where there is none (is_present false). TFD_EFORMAT: resources that lie outside the file. */
tfd_status tfd_pe_read_version(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, tfd_pe_version *out,
                               tfd_err *err);
/* Opens path and reads only headers and version. TFD_EFORMAT for what is no PE image. */
tfd_status tfd_pe_file_version(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_pe_version *out,
                               tfd_err *err);

/* An assembly that the manifest asks for (side by side): the loader refuses the image with 14001 if it is not
 * installed. */
typedef struct tfd_pe_assembly {
    tfd_str name;    /* "Microsoft.VC90.CRT" */
    tfd_str version; /* "9.0.21022.8" */
    tfd_str arch;    /* "amd64", "x86", "*"; empty: not said */
} tfd_pe_assembly;

typedef struct tfd_pe_manifest {
    bool is_present;
    tfd_str text; /* UTF-8, as the file has it */
    tfd_pe_assembly *items;
    size_t count;
} tfd_pe_manifest;

/* The manifest that the loader takes: resource RT_MANIFEST with id 2 in a DLL, 1 in a program. Statuses as
 * for the version. */
tfd_status tfd_pe_read_manifest(tfd_reader *reader, tfd_arena *arena, const tfd_pe *pe, tfd_pe_manifest *out,
                                tfd_err *err);

#endif
