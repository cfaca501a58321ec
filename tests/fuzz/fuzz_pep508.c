/* Requirements, markers, wheel tags: the bytes are each of them in turn. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/pep508.h"
#include "formats/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str text = {(const char *)data, size};
    tfd_tag_target target = {.is_cpython = TFD_YES,
                             .major = 3,
                             .minor = 12,
                             .os = TFD_OS_LINUX,
                             .arch = TFD_ARCH_X86_64,
                             .libc = TFD_STR_INIT("glibc"),
                             .libc_major = 2,
                             .libc_minor = 31};
    tfd_requirement_text parts;
    tfd_marker_env env;
    tfd_str libc, extra;
    tfd_tri answer;
    char key[32];
    int major, minor;

    memset(&env, 0, sizeof env);
    env.value[TFD_MARKER_PYTHON_VERSION] = TFD_STR("3.12");
    env.value[TFD_MARKER_EXTRA] = TFD_STR("");
    if (tfd_requirement_parse(text, &parts) == TFD_OK) {
        /* What was accepted as a requirement has a marker that can be evaluated. */
        if (tfd_marker_eval(parts.marker, &env, &answer) != TFD_OK)
            abort();
        while (tfd_extra_next(&parts.extras, &extra))
            if (!tfd_name_eq(extra, extra))
                abort();
    }
    (void)tfd_marker_eval(text, &env, &answer);
    if (tfd_name_key(text, key, sizeof key) >= sizeof key)
        abort();
    (void)tfd_tag_match(text, &target, NULL);
    (void)tfd_tag_libc(text, &libc, &major, &minor);
    return 0;
}
