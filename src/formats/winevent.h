/* A record of Windows' event log that names files: its XML (win32: Event Schema) as far as it is wanted here,
 * and whether it names a file. Bytes are hostile; nothing is expanded but the five entities of XML and
 * numbers. */
#ifndef TFD_FORMATS_WINEVENT_H
#define TFD_FORMATS_WINEVENT_H

#include "base/arena.h"
#include "base/err.h"

#define TFD_WINEVENT_FILES_MAX 16 /* files that one record names */

typedef struct tfd_winevent {
    uint32_t id;
    tfd_str time; /* "2026-03-01T08:15:30.1234567Z" */
    tfd_str
        files[TFD_WINEVENT_FILES_MAX]; /* as written: "\Device\HarddiskVolume3\x", "%OSDRIVE%\x", "C:\x" */
    size_t file_count;
} tfd_winevent;

/* TFD_EFORMAT: no event, or one without an id. TFD_ENOMEM. Slices lie in the arena. */
tfd_status tfd_winevent_parse(tfd_arena *arena, tfd_str xml, tfd_winevent *out, tfd_err *err);

/* Whether a file that a record names is the one at path ("C:\x\y.dll"). Case does not matter; a volume that
 * has no letter stands for any. */
bool tfd_winevent_is(tfd_str file, tfd_str path);

#endif
