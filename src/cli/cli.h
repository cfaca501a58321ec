/* The command line: parses it, runs a command, writes the answer, gives the exit code. */
#ifndef TFD_CLI_CLI_H
#define TFD_CLI_CLI_H

#include "cli/opt.h"
#include "kb/kb.h"
#include "render/render.h"
#include "sys/host.h"
#include "sys/sys.h"

/* Exit codes are public. */
enum {
    TFD_EXIT_OK = 0,
    TFD_EXIT_FAILS = 1,
    TFD_EXIT_USAGE = 2,   /* nothing was examined */
    TFD_EXIT_CANNOT = 3,  /* could not examine, or not write the answer */
    TFD_EXIT_SIGNAL = 128 /* and the number of the signal that ended the run */
};

typedef struct tfd_cli {
    const tfd_sys *sys;
    const tfd_opt_names *names;
    tfd_request request;
    tfd_style style;
    tfd_secrets secrets;   /* of the environment; style refers to them */
    tfd_arena arena;       /* of this run of the program */
    tfd_kb *kb;            /* NULL until tfd_cli_open_kb */
    tfd_terminal progress; /* standard error */
} tfd_cli;

typedef struct tfd_cmd {
    tfd_opt_command usage;
    int (*run)(tfd_cli *cli); /* gives the exit code */
} tfd_cmd;

/* sys NULL: the machine could not be opened, err tells why. argv as main gets it. */
int tfd_cli_main(const tfd_sys *sys, const tfd_err *err, int argc, const char *const *argv);

/* For commands. Opens the knowledge base that was asked for; otherwise says why not and returns false. */
/* Whether -o FILE can be written, looked at before minutes are spent on the answer; says so where it cannot.
 */
bool tfd_cli_may_answer(tfd_cli *cli);
bool tfd_cli_open_kb(tfd_cli *cli);
/* Writes the answer to standard output or to the file asked for; code, or TFD_EXIT_CANNOT where it cannot be
 * written. */
int tfd_cli_answer(tfd_cli *cli, const tfd_buf *answer, int code);
/* One sentence and the next step (may be empty) to standard error, with --json the error object to standard
 * output. Returns code. */
int tfd_cli_fail(tfd_cli *cli, int code, tfd_str message, tfd_str hint);

#endif
