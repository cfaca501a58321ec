/* What the option table says to people: --help, and the nearest known word to a mistyped one. */
#include "cli/opt.h"

#include <string.h>

#include "render/layout.h"

#define NEAR_MAX 32 /* longer words are compared by their beginning only */
#define HELP_WIDTH_MAX 100
#define HELP_COLUMN 30

/* Number of insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string
 * alignment); both at most NEAR_MAX bytes. */
static size_t edit_distance(tfd_str a, tfd_str b)
{
    size_t rows[3][NEAR_MAX + 1]; /* the row before the last, the last, this one; used round robin */

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *before = rows[(i + 1) % 3], *last = rows[(i - 1) % 3], *now = rows[i % 3];

        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = last[j - 1] + (tfd_char_lower(a.ptr[i - 1]) == b.ptr[j - 1] ? 0 : 1);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *tfd_opt_nearest(tfd_str typed, const char *const *words, size_t n)
{
    size_t limit = typed.len < 4 ? 1 : typed.len < 8 ? 2 : 3;
    const char *best = NULL;

    if (typed.len < 2)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        tfd_str word = tfd_str_of(words[i]);
        size_t distance;

        if (tfd_str_starts(word, typed))
            return words[i];
        if (typed.len > NEAR_MAX || word.len > NEAR_MAX)
            continue;
        distance = edit_distance(typed, word);
        if (distance <= limit && distance < word.len) {
            best = words[i];
            limit = distance - (distance > 0 ? 1 : 0);
        }
    }
    return best;
}

static void add_option(const tfd_opt *opt, size_t width, tfd_buf *out)
{
    size_t start = out->len;

    tfd_buf_z(out, opt->letter ? "  -" : "      ");
    if (opt->letter)
        tfd_buf_fmt(out, "%c, ", opt->letter);
    tfd_buf_fmt(out, "--%s", opt->name);
    if (opt->argument)
        tfd_buf_fmt(out, " %s", opt->argument);
    if (out->len - start + 2 > HELP_COLUMN || width < HELP_COLUMN + 20) {
        tfd_buf_char(out, '\n');
        tfd_buf_fill(out, ' ', width < HELP_COLUMN + 20 ? 8 : HELP_COLUMN);
    } else {
        tfd_buf_fill(out, ' ', HELP_COLUMN - (out->len - start));
    }
    tfd_layout_wrap(out, tfd_str_of(opt->help), width, width < HELP_COLUMN + 20 ? 8 : HELP_COLUMN);
    tfd_buf_char(out, '\n');
}

static void add_options(unsigned commands, size_t width, tfd_buf *out)
{
    const char *group = "";

    for (int i = 0; i < TFD_OPT_COUNT; i++) {
        const tfd_opt *opt = tfd_opt_get((tfd_opt_id)i);

        if (!(opt->commands & commands))
            continue;
        if (strcmp(group, opt->group) != 0) {
            group = opt->group;
            tfd_buf_fmt(out, "\n%s\n", group);
        }
        add_option(opt, width, out);
    }
}

static void add_commands(const tfd_opt_names *names, size_t width, tfd_buf *out)
{
    for (size_t i = 0; i < names->command_count; i++) {
        const tfd_opt_command *command = &names->commands[i];
        size_t start = out->len;

        tfd_buf_fmt(out, "  %s", command->name);
        if (command->words)
            tfd_buf_fmt(out, " %s", command->words);
        while (out->len - start < HELP_COLUMN)
            tfd_buf_char(out, ' ');
        tfd_layout_wrap(out, tfd_str_of(command->summary), width, HELP_COLUMN);
        tfd_buf_z(out, i == 0 ? " (the default)\n" : "\n");
    }
}

void tfd_opt_help(const tfd_opt_names *names, size_t command, bool was_named, size_t width, tfd_buf *out)
{
    const tfd_opt_command *one = &names->commands[command];

    if (width == 0 || width > HELP_WIDTH_MAX)
        width = HELP_WIDTH_MAX;
    if (was_named) {
        tfd_buf_fmt(out, "usage: tfdiag %s%s%s [options]\n\n", one->name, one->words ? " " : "",
                    one->words ? one->words : "");
        tfd_layout_wrap(out, tfd_str_of(one->summary), width, 0);
        tfd_buf_char(out, '\n');
        add_options(1u << command, width, out);
        return;
    }
    tfd_buf_z(out, "usage: tfdiag [command] [options]\n\n");
    tfd_layout_wrap(out,
                    TFD_STR("Says why TensorFlow does not work here, and how to repair it. Nothing on the "
                            "machine is changed."),
                    width, 0);
    tfd_buf_z(out, "\n\nCommands\n");
    add_commands(names, width, out);
    add_options(TFD_ON_ALL, width, out);
    tfd_buf_z(out, "\nExit codes\n"
                   "  0  what was expected works          2  wrong usage, nothing was examined\n"
                   "  1  something expected does not      3  could not examine\n");
}
