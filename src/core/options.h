/* What was asked for, after the command line was understood. Zero is the default of every member unless it
 * says otherwise. */
#ifndef TFD_CORE_OPTIONS_H
#define TFD_CORE_OPTIONS_H

#include "base/str.h"

typedef enum tfd_expect { TFD_EXPECT_DEFAULT, TFD_EXPECT_IMPORT, TFD_EXPECT_GPU } tfd_expect;
typedef enum tfd_fail_on {
    TFD_FAIL_ON_DEFAULT,
    TFD_FAIL_ON_IMPORT,
    TFD_FAIL_ON_GPU,
    TFD_FAIL_ON_WARNING
} tfd_fail_on;
typedef enum tfd_want { TFD_WANT_DEFAULT, TFD_WANT_CPU, TFD_WANT_GPU } tfd_want;
typedef enum tfd_color { TFD_COLOR_AUTO, TFD_COLOR_ALWAYS, TFD_COLOR_NEVER } tfd_color;

#define TFD_IDS_MAX 64

typedef struct tfd_ids {
    tfd_str items[TFD_IDS_MAX];
    size_t count;
} tfd_ids;

typedef struct tfd_options {
    tfd_str python; /* --python; empty: choose */
    tfd_str module; /* --module; "tensorflow" */
    tfd_str script; /* --script; empty: the current folder stands first on sys.path */
    tfd_expect expect;
    tfd_fail_on fail_on;
    bool no_run;
    bool deep;
    uint64_t timeout_ms; /* of the import child */
    tfd_ids only, skip;  /* check ids */
    tfd_str kb_dir;      /* --kb; empty: built in */
    tfd_str format;      /* name of a renderer: "text", "json" */
    tfd_str output;      /* -o; empty: standard output */
    tfd_color color;
    bool verbose;
    bool stat;
    /* of advise: what stands in for what would be looked up; empty: look */
    tfd_want want;
    tfd_str platform;   /* --platform: "linux_x86_64", "win_amd64", "macosx_14_0_arm64" */
    tfd_str glibc;      /* --glibc: "2.31" */
    tfd_str driver;     /* --driver: "550.54.14" */
    tfd_str gpu;        /* --gpu: "RTX 3090", "8.6" */
    tfd_str tensorflow; /* --tensorflow: a specifier, or a requirement of one of its distributions */
    tfd_ids with;       /* --with: add-ons */
    bool online;        /* also of check */
    bool offline;       /* wins over it */
    tfd_str index_url;  /* --index-url; empty: the one that pip would ask */
} tfd_options;

/* Whether --only and --skip leave the check of that id in. */
bool tfd_options_select(const tfd_options *options, const char *id);

#endif
