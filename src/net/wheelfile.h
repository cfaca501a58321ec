/* One member out of a wheel (a ZIP archive, APPNOTE.TXT 6.3): from a file, or from pieces of one that an
 * index was asked for. Stored and deflated members; no ZIP64 beyond what a wheel of 4 GiB needs not. */
#ifndef TFD_NET_WHEELFILE_H
#define TFD_NET_WHEELFILE_H

#include "sys/sys.h"

/* Bytes of a wheel's end that are asked for first: the end record, and in most wheels the last entries of the
 * central directory, where PEP 427 recommends the .dist-info. */
#define TFD_WHEEL_TAIL 65536u
/* TensorFlow's central directory has 1.6 MB; a longer one than this is hostile. */
#define TFD_WHEEL_DIRECTORY_MAX ((size_t)16 << 20)

typedef struct tfd_wheel_member {
    tfd_str name;
    uint16_t method;
    uint32_t crc;
    uint64_t packed, size; /* bytes */
    uint64_t offset;       /* of its local header in the file */
} tfd_wheel_member;

/* Place of the central directory, from the end of the file (at least its last 22 bytes; total is the whole
 * file's size). TFD_EFORMAT: no ZIP file. */
tfd_status tfd_wheel_directory(tfd_str tail, uint64_t total, uint64_t *offset, uint64_t *size, tfd_err *err);
/* The member of that name, or for name "" the METADATA of a .dist-info folder, in a directory or in the last
 * part of one, which may begin in the middle of an entry. TFD_ENOENT: not in these bytes. */
tfd_status tfd_wheel_find(tfd_str directory, tfd_str name, tfd_wheel_member *out);
/* Bytes behind the offset of the local header that surely hold header and data. */
uint64_t tfd_wheel_span(const tfd_wheel_member *member);
/* Unpacks it; bytes begin at the local header. TFD_EFORMAT (also a wrong CRC), TFD_ELIMIT beyond max. */
tfd_status tfd_wheel_unpack(tfd_arena *arena, const tfd_wheel_member *member, tfd_str bytes, size_t max,
                            tfd_str *out, tfd_err *err);
/* All of that on a file. */
tfd_status tfd_wheelfile_member(const tfd_sys *sys, tfd_arena *arena, tfd_str path, tfd_str name, size_t max,
                                tfd_str *out, tfd_err *err);

#endif
