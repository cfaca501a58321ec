/* The command line as data: one table of options (opt_list.h) is what the parser accepts, what --help prints
 * and what the man page is checked against. Nothing here asks the machine or prints. */
#ifndef TFD_CLI_OPT_H
#define TFD_CLI_OPT_H

#include "base/buf.h"
#include "base/err.h"
#include "core/options.h"

/* Commands that an option belongs to; the bit of a command is 1 << its place in cmd_list.h. */
#define TFD_ON_CHECK 1u
#define TFD_ON_LIST 2u
#define TFD_ON_SHOW 4u
#define TFD_ON_ADVISE 8u
#define TFD_ON_ALL 15u

typedef enum tfd_opt_id {
#define TFD_OPT(symbol, name, letter, argument, commands, group, help) TFD_OPT_##symbol,
#include "cli/opt_list.h"
#undef TFD_OPT
    TFD_OPT_COUNT
} tfd_opt_id;

typedef struct tfd_opt {
    const char *name;     /* without "--" */
    const char *argument; /* NULL: takes none; "a|b": one of these words */
    const char *group;    /* heading in --help */
    const char *help;     /* sentences */
    unsigned commands;
    char letter; /* 0: none */
} tfd_opt;

/* What the parser has to know of a command. */
typedef struct tfd_opt_command {
    const char *name;
    const char *words; /* what follows it: "ID", "[checks|causes|facts]"; NULL: nothing */
    size_t min_words;  /* words it takes besides options */
    size_t max_words;
    const char *summary; /* one sentence */
} tfd_opt_command;

/* What may be named on the line: commands, and ids of checks for --only and --skip. */
typedef struct tfd_opt_names {
    const tfd_opt_command *commands; /* the first is the default */
    size_t command_count;
    const char *const *checks;
    size_t check_count;
} tfd_opt_names;

#define TFD_WORDS_MAX 4

typedef struct tfd_request {
    size_t command; /* row of names->commands */
    bool was_named; /* it stands on the line */
    tfd_str words[TFD_WORDS_MAX];
    size_t word_count;
    tfd_options options; /* slices into argv */
    bool help, version;
    bool json; /* the answer is JSON; set also where parsing failed and --json stands anywhere on the line */
} tfd_request;

/* Why a line was refused: a sentence that names the thing, and the next step (may be empty). */
typedef struct tfd_usage {
    char message[512];
    char hint[256];
} tfd_usage;

const tfd_opt *tfd_opt_get(tfd_opt_id id);

/* argv as main gets it (argv[0] is skipped). TFD_OK, or TFD_EUSAGE with *usage filled; request->json is right
 * in both cases. Options may stand before and after the command; a later one wins; "--" ends them. */
tfd_status tfd_opt_parse(int argc, const char *const *argv, const tfd_opt_names *names, tfd_request *request,
                         tfd_usage *usage);

/* A name as in an import statement: "tensorflow.keras". */
bool tfd_opt_is_module(tfd_str value);
/* Seconds with an optional fraction, as milliseconds rounded up; false if it is no such number, 0 or more
 * than a day. */
bool tfd_opt_read_seconds(tfd_str value, uint64_t *ms);

/* The nearest of n words to what was typed, or NULL where none is near: a swap, a slip or two in a longer
 * word, or a word it begins. */
const char *tfd_opt_nearest(tfd_str typed, const char *const *words, size_t n);

/* Text of --help, width columns wide: of all (no command was named) or of one command. */
void tfd_opt_help(const tfd_opt_names *names, size_t command, bool was_named, size_t width, tfd_buf *out);

#endif
