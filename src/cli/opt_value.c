/* Values of options: what a text has to be. */
#include "cli/opt.h"

#define TIMEOUT_MAX_MS 86400000u
#define MODULE_MAX 255

static bool is_identifier(tfd_str s)
{
    if (s.len == 0 || tfd_char_is_digit(s.ptr[0]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        /* Identifiers may hold letters of any script (PEP 3131); bytes of UTF-8 beyond ASCII pass. */
        if (!tfd_char_is_alpha(c) && !tfd_char_is_digit(c) && c != '_' && (unsigned char)c < 0x80)
            return false;
    }
    return true;
}

bool tfd_opt_is_module(tfd_str value)
{
    tfd_str rest = value, part;
    bool more = true;

    while (more) {
        more = tfd_str_cut(rest, '.', &part, &rest);
        if (!is_identifier(part))
            return false;
    }
    return value.len <= MODULE_MAX;
}

bool tfd_opt_read_seconds(tfd_str s, uint64_t *ms)
{
    tfd_str whole, part;
    uint64_t value = 0, scale = 1000;
    bool has_rest = false;

    (void)tfd_str_cut(s, '.', &whole, &part);
    if (whole.len + part.len == 0 || (whole.len != 0 && !tfd_str_u64(whole, &value)) ||
        value > TIMEOUT_MAX_MS / 1000)
        return false;
    value *= 1000;
    for (size_t i = 0; i < part.len; i++) {
        if (!tfd_char_is_digit(part.ptr[i]))
            return false;
        scale /= 10;
        value += (uint64_t)(part.ptr[i] - '0') * scale;
        has_rest = has_rest || (scale == 0 && part.ptr[i] != '0');
    }
    *ms = value + (has_rest ? 1 : 0);
    return *ms > 0 && *ms <= TIMEOUT_MAX_MS;
}
