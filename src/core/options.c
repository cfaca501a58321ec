#include "core/options.h"

bool tfd_options_select(const tfd_options *options, const char *id)
{
    bool selected = options->only.count == 0;

    for (size_t i = 0; i < options->only.count; i++)
        selected |= tfd_str_is(options->only.items[i], id);
    for (size_t i = 0; i < options->skip.count; i++)
        if (tfd_str_is(options->skip.items[i], id))
            return false;
    return selected;
}
