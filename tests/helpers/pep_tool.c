/* Answers questions about versions, specifiers, requirements, markers and tags, one a line on standard input,
 * one answer a line on standard output, so that a test can compare tfdiag's reading with the packaging
 * library's. Fields are separated by tabs; the first names the question: V version normal form, or "invalid"
 *   C version version              "<", "=", ">" or "invalid"
 *   S specifier version rule       rule allow, deny or named; "yes", "no", "unknown"
 *   R requirement                  name, extras, specifier, url, marker, or "invalid"
 *   M marker name=value ...        "yes", "no", "unknown", "invalid"; a variable not given is unknown
 *   K name                         PEP 503 key
 *   T tag minor threads arch libc major minor    "yes", "no", "unknown" for CPython 3.minor */
#include "formats/pep440.h"
#include "formats/pep508.h"
#include "formats/tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 24

static char line[65536];

static const char *const variables[TFD_MARKER_VARIABLES] = {"implementation_name",
                                                            "implementation_version",
                                                            "os_name",
                                                            "platform_machine",
                                                            "platform_python_implementation",
                                                            "platform_release",
                                                            "platform_system",
                                                            "platform_version",
                                                            "python_full_version",
                                                            "python_version",
                                                            "sys_platform",
                                                            "extra"};

static const char *tri_text(tfd_tri value)
{
    return value == TFD_YES ? "yes" : value == TFD_NO ? "no" : "unknown";
}

static void answer_version(tfd_str text)
{
    char normal[2 * TFD_VERSION_MAX];
    tfd_version version;

    if (tfd_version_parse(text, &version) != TFD_OK) {
        puts("invalid");
        return;
    }
    (void)tfd_version_format(&version, normal, sizeof normal);
    puts(normal);
}

static void answer_order(tfd_str a, tfd_str b)
{
    int order;

    if (tfd_version_cmp_text(a, b, &order))
        puts(order < 0 ? "<" : order > 0 ? ">" : "=");
    else
        puts("invalid");
}

static void answer_match(tfd_str specifier, tfd_str version, tfd_str rule)
{
    tfd_prereleases pre = TFD_PRE_IF_NAMED;

    if (tfd_str_is(rule, "allow"))
        pre = TFD_PRE_ALLOW;
    else if (tfd_str_is(rule, "deny"))
        pre = TFD_PRE_DENY;
    puts(tri_text(tfd_specifier_match(specifier, version, pre)));
}

static void answer_requirement(tfd_str text)
{
    tfd_requirement_text r;

    if (tfd_requirement_parse(text, &r) != TFD_OK) {
        puts("invalid");
        return;
    }
    printf("%.*s\t%.*s\t%.*s\t%.*s\t%.*s\n", TFD_ARG(r.name), TFD_ARG(r.extras), TFD_ARG(r.specifier),
           TFD_ARG(r.url), TFD_ARG(r.marker));
}

static void answer_marker(const tfd_str *fields, size_t n)
{
    tfd_marker_env env;
    tfd_tri value;

    memset(&env, 0, sizeof env);
    for (size_t i = 2; i < n; i++) {
        tfd_str name, text;

        (void)tfd_str_cut(fields[i], '=', &name, &text);
        for (size_t k = 0; k < TFD_MARKER_VARIABLES; k++)
            if (tfd_str_is(name, variables[k]))
                env.value[k] = text.ptr ? text : TFD_STR("");
    }
    if (tfd_marker_eval(fields[1], &env, &value) != TFD_OK)
        puts("invalid");
    else
        puts(tri_text(value));
}

static int number(tfd_str text)
{
    uint64_t value = 0;

    (void)tfd_str_u64(text, &value);
    return (int)value;
}

static void answer_tag(const tfd_str *fields)
{
    tfd_tag_target target = {.is_cpython = TFD_YES, .major = 3, .os = TFD_OS_LINUX, .debug = TFD_NO};

    target.minor = number(fields[2]);
    target.free_threaded = tfd_str_is(fields[3], "1") ? TFD_YES : TFD_NO;
    target.arch = tfd_str_is(fields[4], "x86_64") ? TFD_ARCH_X86_64 : TFD_ARCH_AARCH64;
    target.libc = fields[5];
    target.libc_major = number(fields[6]);
    target.libc_minor = number(fields[7]);
    puts(tri_text(tfd_tag_match(fields[1], &target, NULL)));
}

static void answer(const tfd_str *fields, size_t n)
{
    char key[1024];

    switch (fields[0].len == 1 ? fields[0].ptr[0] : 0) {
    case 'V':
        answer_version(fields[1]);
        return;
    case 'C':
        answer_order(fields[1], fields[2]);
        return;
    case 'S':
        answer_match(fields[1], fields[2], fields[3]);
        return;
    case 'R':
        answer_requirement(fields[1]);
        return;
    case 'M':
        answer_marker(fields, n);
        return;
    case 'K':
        (void)tfd_name_key(fields[1], key, sizeof key);
        puts(key);
        return;
    case 'T':
        answer_tag(fields);
        return;
    default:
        puts("no such question");
    }
}

int main(void)
{
    while (fgets(line, sizeof line, stdin)) {
        tfd_str fields[FIELDS];
        tfd_str rest = {line, strcspn(line, "\n")};
        size_t n = 0;

        memset(fields, 0, sizeof fields);
        while (n < FIELDS && tfd_str_cut(rest, '\t', &fields[n], &rest))
            n++;
        if (n < FIELDS)
            n++;
        answer(fields, n);
        fflush(stdout);
    }
    return 0;
}
