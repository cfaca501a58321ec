/* Which TensorFlow release suits a machine, why the others do not, and the command that installs it. Pure:
 * what is known of the machine stands in the target; facts of the world come from the knowledge base, with
 * --online also from the package index. All text lives in the arena that is passed. */
#ifndef TFD_ADVISE_ADVISE_H
#define TFD_ADVISE_ADVISE_H

#include "advise/target.h"
#include "core/cause.h"
#include "kb/kb.h"

/* What can keep a release from a machine, one bit each; which of them can be changed, and how dearly, decides
 * what is advised where nothing fits (change.c). */
typedef enum tfd_obstacle_kind {
    TFD_OBSTACLE_PYTHON = 1,     /* another Python would do */
    TFD_OBSTACLE_DRIVER = 2,     /* a newer driver would */
    TFD_OBSTACLE_ADDON = 4,      /* an add-on asked for does not fit */
    TFD_OBSTACLE_GPU_BUILD = 8,  /* no GPU support on this system */
    TFD_OBSTACLE_GPU_PATH = 16,  /* does not look where its CUDA libraries are put */
    TFD_OBSTACLE_LIBC = 32,      /* glibc too old, or musl */
    TFD_OBSTACLE_SYSTEM = 64,    /* macOS too old */
    TFD_OBSTACLE_GPU_ARCH = 128, /* no code for this GPU */
    TFD_OBSTACLE_CPU = 256,      /* instructions that the processor lacks */
    TFD_OBSTACLE_PLATFORM = 512  /* no wheel for this system and processor */
} tfd_obstacle_kind;
#define TFD_OBSTACLE_BITS 10

typedef struct tfd_obstacle {
    tfd_obstacle_kind kind;
    tfd_cause_id cause;
    tfd_str text; /* "no cp314 wheel" */
} tfd_obstacle;

#define TFD_OBSTACLES_MAX 12

typedef struct tfd_judged {
    const tfd_kb_release *release;
    bool is_from_index; /* newer than the knowledge, or not in it: judged by its own metadata */
    tfd_obstacle obstacles[TFD_OBSTACLES_MAX];
    size_t obstacle_count; /* 0: it fits */
    unsigned kinds;
} tfd_judged;

#define TFD_ADVISE_REQUIREMENTS_MAX 40
#define TFD_ADVISE_COMMANDS_MAX 8

/* One thing to do before, or instead. */
typedef struct tfd_change {
    tfd_cause_id cause;
    tfd_str text; /* one sentence */
    tfd_str commands[TFD_ADVISE_COMMANDS_MAX];
    size_t command_count;
} tfd_change;

#define TFD_CHANGES_MAX 8

/* What the installation costs. 0, an empty slice: not known. */
typedef struct tfd_cost {
    uint64_t download;   /* bytes of all wheels */
    uint64_t disk;       /* bytes on the disk once they are unpacked */
    uint64_t wheel;      /* bytes of TensorFlow's own wheel */
    size_t packages;     /* of a fresh installation, TensorFlow included */
    tfd_str source;      /* of these figures */
    tfd_kb_strs changed; /* "numpy 2.1.0 to <2": installed packages that the command replaces */
    bool knows_changed;  /* the packages of the environment were looked at */
} tfd_cost;

typedef struct tfd_advice {
    const tfd_advise_target *target;
    tfd_str knowledge;    /* date */
    tfd_judged *releases; /* newest first */
    size_t release_count;
    const tfd_judged *best; /* NULL: none fits */
    tfd_str distribution;   /* "tensorflow" */
    tfd_str requirements[TFD_ADVISE_REQUIREMENTS_MAX];
    size_t requirement_count;
    tfd_str commands[TFD_ADVISE_COMMANDS_MAX];
    size_t command_count;
    tfd_change before[TFD_CHANGES_MAX];
    size_t before_count;
    tfd_str notes[TFD_CHANGES_MAX]; /* what is not known, and what it would change */
    size_t note_count;
    tfd_cost cost;
} tfd_advice;

/* Judges every release for the target and chooses. target is kept. TFD_ENOMEM, TFD_EFORMAT (a broken --kb).
 */
tfd_status tfd_advise(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, tfd_advice *out,
                      tfd_err *err);

/* ---- parts (private to this folder) */

/* Judges one release. ignored: kinds that are not looked at. */
void tfd_advise_judge(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                      const tfd_kb_release *release, unsigned ignored, tfd_judged *out);
/* The newest Python of the release's wheels for the target's platform, with_addons: for which the add-ons
 * have wheels, too; empty: there is none. */
tfd_str tfd_advise_python_for(const tfd_advise_target *target, tfd_kb *kb, const tfd_kb_release *release,
                              bool with_addons);
/* The newest release without obstacles of other kinds than ignored, among those that the specifier of the
 * target allows; NULL: none. */
const tfd_kb_release *tfd_advise_newest(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                                        unsigned ignored);
/* What to hand to the installer for that release; returns how many of max. */
size_t tfd_advise_require(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena,
                          const tfd_kb_release *release, tfd_str *out, size_t max);
/* Commands that install out->requirements, and what is to be done for the installer before. */
void tfd_advise_commands(const tfd_advise_target *target, tfd_arena *arena, tfd_advice *out);
/* The same with uv, in a new environment of Python `version`; returns how many of max. */
size_t tfd_advise_new_environment(const tfd_advise_target *target, tfd_arena *arena, tfd_str version,
                                  const tfd_str *requirements, size_t count, tfd_str *out, size_t max);
/* Fills out->before where nothing fits. */
void tfd_advise_changes(const tfd_advise_target *target, tfd_kb *kb, tfd_arena *arena, tfd_advice *out);
/* Appends; silently full at the maximum. */
tfd_change *tfd_advise_before(tfd_advice *out, tfd_cause_id cause, tfd_str text);
void tfd_advise_note(tfd_advice *out, tfd_str text);
/* Whether a requirement applies to the target: its marker holds or is not known. */
bool tfd_advise_applies(const tfd_advise_target *target, tfd_arena *arena, tfd_str marker);

#endif
