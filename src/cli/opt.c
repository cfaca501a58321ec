#include "cli/opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_DEFAULT_MS 120000u

static const tfd_opt table[TFD_OPT_COUNT] = {
#define TFD_OPT(symbol, name, letter, argument, commands, group, help) \
    {name, argument, group, help, commands, letter},
#include "cli/opt_list.h"
#undef TFD_OPT
};

typedef struct parser {
    int argc;
    const char *const *argv;
    int at; /* next word of argv */
    const tfd_opt_names *names;
    tfd_request *request;
    tfd_usage *usage;
    bool given[TFD_OPT_COUNT];
    bool only_words; /* "--" was seen */
} parser;

const tfd_opt *tfd_opt_get(tfd_opt_id id)
{
    return &table[id];
}

static tfd_status refuse(parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(p->usage->message, sizeof p->usage->message, format, args);
    va_end(args);
    return TFD_EUSAGE;
}

static void hint(parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(p->usage->hint, sizeof p->usage->hint, format, args);
    va_end(args);
}

/* ---- values */

static tfd_status set_module(parser *p, tfd_str value)
{
    if (!tfd_opt_is_module(value)) {
        hint(p, "Give a name as in an import statement: tensorflow, tensorflow.keras, tensorflow_text.");
        return refuse(p, "--module: '%.*s' is no module name", TFD_ARG(value));
    }
    p->request->options.module = value;
    return TFD_OK;
}

static tfd_status set_timeout(parser *p, tfd_str value)
{
    uint64_t ms;

    if (!tfd_opt_read_seconds(value, &ms)) {
        hint(p, "Give seconds: more than 0, at most 86400, such as 300 or 0.5.");
        return refuse(p, "--timeout: '%.*s' is no time", TFD_ARG(value));
    }
    p->request->options.timeout_ms = ms;
    return TFD_OK;
}

static bool has_id(const tfd_ids *ids, tfd_str id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (tfd_str_eq(ids->items[i], id))
            return true;
    return false;
}

static tfd_status add_id(parser *p, const char *option, tfd_str id, tfd_ids *ids)
{
    const char *near;

    for (size_t i = 0; i < p->names->check_count; i++) {
        if (!tfd_str_is(id, p->names->checks[i]))
            continue;
        if (!has_id(ids, id) && ids->count < TFD_IDS_MAX)
            ids->items[ids->count++] = id;
        return TFD_OK;
    }
    near = tfd_opt_nearest(id, p->names->checks, p->names->check_count);
    if (near)
        hint(p, "Did you mean '%s'? 'tfdiag list checks' names them all.", near);
    else
        hint(p, "'tfdiag list checks' names them all.");
    return refuse(p, "--%s: there is no check '%.*s'", option, TFD_ARG(id));
}

static tfd_status add_ids(parser *p, const char *option, tfd_str value, tfd_ids *ids)
{
    tfd_str rest = value, part;
    bool more = true, any = false;

    while (more) {
        tfd_status st;

        more = tfd_str_cut(rest, ',', &part, &rest);
        part = tfd_str_trim(part);
        if (part.len == 0)
            continue;
        any = true;
        st = add_id(p, option, part, ids);
        if (st != TFD_OK)
            return st;
    }
    if (any)
        return TFD_OK;
    hint(p, "'tfdiag list checks' names them all.");
    return refuse(p, "--%s: '%.*s' names no check", option, TFD_ARG(value));
}

/* Place of value among the words of "a|b|c"; false if it is none of them. */
static bool find_choice(const char *choices, tfd_str value, int *place)
{
    tfd_str rest = tfd_str_of(choices), part;
    bool more = true;

    for (*place = 0; more; (*place)++) {
        more = tfd_str_cut(rest, '|', &part, &rest);
        if (tfd_str_eq(part, value))
            return true;
    }
    return false;
}

static bool is_choice(const tfd_opt *opt)
{
    return opt->argument && strchr(opt->argument, '|') != NULL;
}

static tfd_status set_choice(parser *p, tfd_opt_id id, tfd_str value)
{
    tfd_options *options = &p->request->options;
    int place;

    if (!find_choice(table[id].argument, value, &place)) {
        hint(p, "It takes %s.", table[id].argument);
        return refuse(p, "--%s: '%.*s' is not known", table[id].name, TFD_ARG(value));
    }
    switch (id) {
    case TFD_OPT_EXPECT:
        options->expect = (tfd_expect)(TFD_EXPECT_IMPORT + place);
        break;
    case TFD_OPT_WANT:
        options->want = (tfd_want)(TFD_WANT_CPU + place);
        break;
    case TFD_OPT_FAIL_ON:
        options->fail_on = (tfd_fail_on)(TFD_FAIL_ON_IMPORT + place);
        break;
    case TFD_OPT_COLOR:
        options->color = (tfd_color)(TFD_COLOR_AUTO + place);
        break;
    default:
        options->format = value;
        p->request->json = tfd_str_is(value, "json");
        break;
    }
    return TFD_OK;
}

static tfd_status set_flag(parser *p, tfd_opt_id id)
{
    tfd_request *request = p->request;

    switch (id) {
    case TFD_OPT_NO_RUN:
        request->options.no_run = true;
        break;
    case TFD_OPT_DEEP:
        request->options.deep = true;
        break;
    case TFD_OPT_JSON:
        request->options.format = TFD_STR("json");
        request->json = true;
        break;
    case TFD_OPT_VERBOSE:
        request->options.verbose = true;
        break;
    case TFD_OPT_ONLINE:
        request->options.online = true;
        break;
    case TFD_OPT_OFFLINE:
        request->options.offline = true;
        break;
    case TFD_OPT_STAT:
        request->options.stat = true;
        break;
    case TFD_OPT_HELP:
        request->help = true;
        break;
    default:
        request->version = true;
        break;
    }
    return TFD_OK;
}

/* Names of distributions, as they are written: which there are, the knowledge base and the index say. */
static tfd_status add_names(parser *p, tfd_str value, tfd_ids *names)
{
    tfd_str rest = value, part;
    bool more = true;

    while (more) {
        more = tfd_str_cut(rest, ',', &part, &rest);
        part = tfd_str_trim(part);
        if (part.len == 0 || has_id(names, part))
            continue;
        if (names->count == TFD_IDS_MAX) {
            hint(p, "Ask in several steps.");
            return refuse(p, "--with names more than %d add-ons", TFD_IDS_MAX);
        }
        names->items[names->count++] = part;
    }
    return TFD_OK;
}

/* Options whose value is kept as it is written; NULL for others. */
static tfd_str *plain_value(tfd_options *options, tfd_opt_id id)
{
    switch (id) {
    case TFD_OPT_PYTHON:
        return &options->python;
    case TFD_OPT_SCRIPT:
        return &options->script;
    case TFD_OPT_KB:
        return &options->kb_dir;
    case TFD_OPT_PLATFORM:
        return &options->platform;
    case TFD_OPT_GLIBC:
        return &options->glibc;
    case TFD_OPT_DRIVER:
        return &options->driver;
    case TFD_OPT_GPU:
        return &options->gpu;
    case TFD_OPT_TENSORFLOW:
        return &options->tensorflow;
    case TFD_OPT_INDEX_URL:
        return &options->index_url;
    default:
        return NULL;
    }
}

static tfd_status set_value(parser *p, tfd_opt_id id, tfd_str value)
{
    tfd_options *options = &p->request->options;
    tfd_str *plain = plain_value(options, id);

    if (value.len == 0) {
        hint(p, "'tfdiag --help' tells what it takes.");
        return refuse(p, "--%s needs a value (%s)", table[id].name, table[id].argument);
    }
    if (is_choice(&table[id]))
        return set_choice(p, id, value);
    if (plain) {
        *plain = value;
        return TFD_OK;
    }
    switch (id) {
    case TFD_OPT_WITH:
        return add_names(p, value, &options->with);
    case TFD_OPT_OUTPUT:
        options->output = tfd_str_is(value, "-") ? (tfd_str){0} : value;
        return TFD_OK;
    case TFD_OPT_MODULE:
        return set_module(p, value);
    case TFD_OPT_TIMEOUT:
        return set_timeout(p, value);
    case TFD_OPT_ONLY:
        return add_ids(p, "only", value, &options->only);
    default:
        return add_ids(p, "skip", value, &options->skip);
    }
}

/* ---- words of the line */

static tfd_status refuse_option(parser *p, tfd_str typed)
{
    const char *names[TFD_OPT_COUNT];
    const char *near;

    for (int i = 0; i < TFD_OPT_COUNT; i++)
        names[i] = table[i].name;
    near = tfd_opt_nearest(typed, names, TFD_OPT_COUNT);
    if (near)
        hint(p, "Did you mean --%s? 'tfdiag --help' lists the options.", near);
    else
        hint(p, "'tfdiag --help' lists the options.");
    return refuse(p, "there is no option --%.*s", TFD_ARG(typed));
}

/* Takes the next word of the line as the value of an option. */
static tfd_status take_value(parser *p, tfd_opt_id id, tfd_str *value)
{
    *value = (tfd_str){0};
    /* A word that begins with two dashes is an option somebody forgot a value before; "--name=--x" still
     * gives one. */
    if (p->at < p->argc && strncmp(p->argv[p->at], "--", 2) != 0)
        *value = tfd_str_of(p->argv[p->at++]);
    return set_value(p, id, *value);
}

static tfd_status parse_long(parser *p, tfd_str word)
{
    tfd_str name, value;
    bool has_value = tfd_str_cut(word, '=', &name, &value);

    for (int i = 0; i < TFD_OPT_COUNT; i++) {
        tfd_opt_id id = (tfd_opt_id)i;

        if (!tfd_str_is(name, table[id].name))
            continue;
        p->given[id] = true;
        if (table[id].argument)
            return has_value ? set_value(p, id, value) : take_value(p, id, &value);
        if (!has_value)
            return set_flag(p, id);
        hint(p, "Write --%s alone.", table[id].name);
        return refuse(p, "--%s takes no value, '%.*s' was given", table[id].name, TFD_ARG(value));
    }
    return refuse_option(p, name);
}

/* Letters after one dash: flags may be joined, the last may take the rest of the word as its value. */
static tfd_status parse_letters(parser *p, tfd_str letters)
{
    for (size_t i = 0; i < letters.len; i++) {
        tfd_str value = tfd_str_from(letters, i + 1);
        int id = 0;
        tfd_status st;

        while (id < TFD_OPT_COUNT && table[id].letter != letters.ptr[i])
            id++;
        if (id == TFD_OPT_COUNT) {
            hint(p, "'tfdiag --help' lists the options.");
            return refuse(p, "there is no option -%.*s",
                          TFD_ARG(i == 0 ? letters : tfd_str_sub(letters, i, i + 1)));
        }
        p->given[id] = true;
        if (table[id].argument)
            return value.len ? set_value(p, (tfd_opt_id)id, value) : take_value(p, (tfd_opt_id)id, &value);
        st = set_flag(p, (tfd_opt_id)id);
        if (st != TFD_OK)
            return st;
    }
    return TFD_OK;
}

static tfd_status add_word(parser *p, tfd_str word)
{
    if (p->request->word_count == TFD_WORDS_MAX) {
        hint(p, "'tfdiag --help' shows how a line looks.");
        return refuse(p, "'%.*s' is one word too many", TFD_ARG(word));
    }
    p->request->words[p->request->word_count++] = word;
    return TFD_OK;
}

/* The first word is the command; it leaves the list of words. */
static tfd_status take_command(parser *p)
{
    const tfd_opt_names *names = p->names;
    tfd_request *request = p->request;
    const char *known[16];
    const char *near;
    size_t n = names->command_count < 16 ? names->command_count : 16;

    if (request->word_count == 0)
        return TFD_OK;
    for (size_t i = 0; i < n; i++) {
        known[i] = names->commands[i].name;
        if (!tfd_str_is(request->words[0], known[i]))
            continue;
        request->command = i;
        request->was_named = true;
        request->word_count--;
        memmove(request->words, request->words + 1, request->word_count * sizeof *request->words);
        return TFD_OK;
    }
    near = tfd_opt_nearest(request->words[0], known, n);
    if (near)
        hint(p, "Did you mean 'tfdiag %s'? 'tfdiag --help' lists the commands.", near);
    else
        hint(p, "'tfdiag --help' lists the commands; a Python is named with --python.");
    return refuse(p, "there is no command '%.*s'", TFD_ARG(request->words[0]));
}

/* Options of another command, and words too many or too few. --help and --version need neither. */
static tfd_status check_line(parser *p)
{
    const tfd_request *request = p->request;
    const tfd_opt_command *command = &p->names->commands[request->command];

    if (request->help || request->version)
        return TFD_OK;
    hint(p, "'tfdiag %s --help' shows how the line looks.", command->name);
    for (int i = 0; i < TFD_OPT_COUNT; i++)
        if (p->given[i] && !(table[i].commands & (1u << request->command)))
            return refuse(p, "'tfdiag %s' has no option --%s", command->name, table[i].name);
    if (request->word_count < command->min_words)
        return refuse(p, "'tfdiag %s' needs %s", command->name, command->words);
    if (request->word_count > command->max_words)
        return refuse(p, "'%.*s' is one word too many for 'tfdiag %s'",
                      TFD_ARG(request->words[command->max_words]), command->name);
    p->usage->hint[0] = '\0';
    return TFD_OK;
}

/* Whether the answer to a line that is refused is JSON: --json (or --format json) stands anywhere before
 * "--". */
static bool wants_json(int argc, const char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--format=json") == 0 ||
            (strcmp(argv[i], "--format") == 0 && i + 1 < argc && strcmp(argv[i + 1], "json") == 0))
            return true;
    return false;
}

static tfd_status parse_word(parser *p, tfd_str word)
{
    if (p->only_words || word.len < 2 || word.ptr[0] != '-')
        return add_word(p, word);
    if (tfd_str_is(word, "--")) {
        p->only_words = true;
        return TFD_OK;
    }
    if (word.ptr[1] == '-')
        return parse_long(p, tfd_str_from(word, 2));
    return parse_letters(p, tfd_str_from(word, 1));
}

tfd_status tfd_opt_parse(int argc, const char *const *argv, const tfd_opt_names *names, tfd_request *request,
                         tfd_usage *usage)
{
    parser p = {.argc = argc, .argv = argv, .at = 1, .names = names, .request = request, .usage = usage};
    tfd_status st = TFD_OK;

    memset(request, 0, sizeof *request);
    memset(usage, 0, sizeof *usage);
    request->options.module = TFD_STR("tensorflow");
    request->options.format = TFD_STR("text");
    request->options.timeout_ms = TIMEOUT_DEFAULT_MS;
    while (st == TFD_OK && p.at < argc)
        st = parse_word(&p, tfd_str_of(argv[p.at++]));
    if (st == TFD_OK)
        st = take_command(&p);
    if (st == TFD_OK)
        st = check_line(&p);
    if (st != TFD_OK)
        request->json = wants_json(argc, argv);
    return st;
}
