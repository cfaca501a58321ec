/* Read-only view of a finished run, for renderers. Everything lives as long as the run. Text that came from
 * the machine is raw: the renderer masks secrets (core/mask.h) and escapes control characters, here and
 * nowhere else. */
#ifndef TFD_CORE_REPORT_H
#define TFD_CORE_REPORT_H

#include "core/cause.h"
#include "core/facts.h"
#include "core/options.h"

typedef enum tfd_certainty { TFD_POSSIBLE, TFD_LIKELY, TFD_CERTAIN, TFD_PROVEN } tfd_certainty;
typedef enum tfd_shell { TFD_SHELL_SH, TFD_SHELL_CMD, TFD_SHELL_POWERSHELL } tfd_shell;
typedef enum tfd_check_status {
    TFD_CHECK_OK,
    TFD_CHECK_WARN,
    TFD_CHECK_FAIL,
    TFD_CHECK_UNKNOWN,
    TFD_CHECK_SKIPPED
} tfd_check_status;

typedef struct tfd_evidence {
    const char *check; /* id of the check that found it */
    tfd_str text;      /* one sentence, with versions */
    tfd_str source;    /* where it was read: a path, "METADATA:23", a variable; may be empty */
    int weight;        /* what it counted in the ranking; negative speaks against */
} tfd_evidence;

#define TFD_COST_PACKAGES_MAX 24

/* What the commands of a fix change and fetch. */
typedef struct tfd_fix_cost {
    tfd_str
        *packages; /* named in them, as they are now: "numpy 2.1.0"; without a version: not installed yet */
    size_t package_count;
    bool brings_others; /* the installer may change what these require, too */
    uint64_t download;  /* about what is fetched, bytes; 0: nothing, or not known */
    bool misses_size;   /* of one of them it is not known: download is only a part */
    uint64_t free;      /* bytes free where packages are installed; 0: not known, or nothing is installed */
} tfd_fix_cost;

typedef struct tfd_fix {
    tfd_str title; /* "Install a NumPy that fits" */
    tfd_shell shell;
    tfd_str *commands;    /* each can be pasted as it stands; run in order in one shell */
    size_t command_count; /* 0: no command can do it, the title says what to do */
    bool needs_admin, needs_network;
    bool verified; /* the effect was tried */
    tfd_str url;   /* empty: none */
    tfd_str note;  /* "restart running notebooks afterwards"; empty: none */
    tfd_fix_cost cost;
} tfd_fix;

#define TFD_EVIDENCE_MAX 40 /* of one cause; the last line then counts the rest */

typedef struct tfd_cause {
    tfd_cause_id id;
    tfd_str subject; /* "numpy 2.1.0", "LD_LIBRARY_PATH"; may be empty */
    tfd_side side;
    tfd_str title;
    double probability; /* 0 … 1 */
    tfd_certainty certainty;
    tfd_evidence *evidence; /* strongest first */
    size_t evidence_count;
    tfd_fix *fixes; /* best first */
    size_t fix_count;
    tfd_cause_id *needs_also; /* faults that must be repaired together with this one */
    size_t needs_also_count;
    int score;      /* sum of weights, for -v */
    tfd_str reason; /* why it stands here and not the next: for -v; may be empty */
} tfd_cause;

typedef struct tfd_warning {
    tfd_cause_id id;
    tfd_str subject;
    tfd_str text;
    tfd_fix *fixes;
    size_t fix_count;
} tfd_warning;

typedef struct tfd_benign {
    tfd_str id; /* "protobuf-messagefactory" */
    tfd_str text;
    tfd_str why;
} tfd_benign;

typedef struct tfd_check_result {
    const char *id;
    tfd_check_status status;
    tfd_str summary; /* one line */
    uint64_t microseconds;
} tfd_check_result;

/* A suspicion that people come with, answered: "the processor has AVX", "all 16 488 files are as installed".
 */
typedef tfd_str tfd_cleared;

typedef enum tfd_works { TFD_WORKS_UNKNOWN, TFD_WORKS_OK, TFD_WORKS_FAILS, TFD_WORKS_NOT_EXPECTED } tfd_works;

typedef struct tfd_report {
    const tfd_options *options;
    const tfd_facts *facts;
    tfd_str knowledge; /* date of the knowledge base, "2026-11-22" */
    bool has_target;   /* false: no Python found; error says so */
    tfd_str error;     /* exit 3: what could not be examined, and … */
    tfd_str hint;      /* … the next step; empty: no error */

    tfd_works import;                  /* OK, FAILS, UNKNOWN */
    bool import_ran;                   /* how: "ran", else "examined" */
    const tfd_exception *import_error; /* the one to show; NULL: none */
    tfd_str import_summary; /* one line where there is no exception: "died of signal 11 (SIGSEGV)" … */
    double import_seconds;
    tfd_works gpu;
    tfd_str gpu_why;
    tfd_strs gpu_devices; /* names, with compute capability where it is known */

    tfd_cause *causes; /* best first */
    size_t cause_count;
    tfd_warning *warnings;
    size_t warning_count;
    tfd_benign *benign;
    size_t benign_count;
    tfd_check_result *checks; /* in the order of check_list.h */
    size_t check_count;
    tfd_cleared *cleared;
    size_t cleared_count;
    uint64_t static_us; /* the static examination, wall clock */
    uint64_t total_us;
    int exit_code; /* 0, 1, 3 as in the contract */
} tfd_report;

#endif
