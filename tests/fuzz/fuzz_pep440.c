/* Versions and specifiers: the first line is a specifier, the second and third are versions. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/pep440.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tfd_str rest = {(const char *)data, size};
    tfd_str specifier = {NULL, 0}, a = {NULL, 0}, b = {NULL, 0};
    tfd_version x, y;
    char text[64];
    int order = 0, back = 0;

    (void)tfd_str_line(&rest, &specifier);
    (void)tfd_str_line(&rest, &a);
    (void)tfd_str_line(&rest, &b);
    (void)tfd_specifier_match(specifier, a, TFD_PRE_ALLOW);
    (void)tfd_specifier_match(specifier, b, TFD_PRE_IF_NAMED);
    if (tfd_version_parse(a, &x) != TFD_OK)
        return 0;
    (void)tfd_version_format(&x, text, sizeof text);
    (void)tfd_version_part(&x, 3);
    if (tfd_version_parse(b, &y) != TFD_OK)
        return 0;
    order = tfd_version_cmp(&x, &y);
    back = tfd_version_cmp(&y, &x);
    if ((order < 0) != (back > 0) || (order == 0) != (back == 0))
        abort();
    return 0;
}
