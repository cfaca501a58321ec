#include "formats/piplog.h"

#include <string.h>

/* What follows the time of a line; false for a line without. */
static bool cut_time(tfd_str line, tfd_str *rest)
{
    static const char shape[] = "0000-00-00T00:00:00,000 ";

    if (line.len < sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? line.ptr[i] < '0' || line.ptr[i] > '9' : line.ptr[i] != shape[i])
            return false;
    *rest = tfd_str_from(line, sizeof shape - 1);
    return true;
}

/* "Using pip 21.3.1 from /env/lib/python3.8/site-packages/pip (python 3.8)" */
static tfd_str path_of_start(tfd_str line)
{
    static const char from[] = " from ", behind[] = " (python ";
    size_t begin = tfd_str_find_z(line, from);
    tfd_str path = begin == TFD_NPOS ? TFD_STR("") : tfd_str_from(line, begin + sizeof from - 1);
    size_t end = tfd_str_find_z(path, behind);

    return end == TFD_NPOS ? TFD_STR("") : tfd_str_sub(path, 0, end);
}

/* The file of a traceback's frame, where it is one of pip's: File "/env/…/pip/_internal/cli/…", line 164 */
static tfd_str path_of_frame(tfd_str line)
{
    static const char mark[] = "File \"";
    tfd_str trimmed = tfd_str_trim(line), path, rest;

    if (!tfd_str_starts_z(trimmed, mark))
        return TFD_STR("");
    (void)tfd_str_cut(tfd_str_from(trimmed, sizeof mark - 1), '"', &path, &rest);
    return tfd_str_find_z(path, "_internal") == TFD_NPOS ? TFD_STR("") : path;
}

static void mark_end(tfd_pip_log *out, tfd_pip_end end, tfd_str text, size_t line)
{
    out->end = end;
    out->text = tfd_str_trim(text);
    out->line = line;
}

static void read_line(tfd_pip_log *out, tfd_str text, size_t number)
{
    tfd_str frame = path_of_frame(text), trimmed = tfd_str_trim(text);

    if (frame.len > 0)
        out->pip = frame;
    if (tfd_str_starts_z(text, "Using pip ")) {
        memset(out, 0, sizeof *out);
        out->pip = path_of_start(text);
    } else if (tfd_str_starts_z(text, "Successfully installed ") ||
               (out->end == TFD_PIP_END_DOWNLOADING && out->line > 0)) {
        mark_end(out, TFD_PIP_END_OTHER, TFD_STR(""), 0);
    }
    if (tfd_str_starts_z(trimmed, "Collecting tensorflow") ||
        (tfd_str_starts_z(trimmed, "Downloading ") && tfd_str_find_z(trimmed, "tensorflow") != TFD_NPOS))
        out->names_tensorflow = true;
    if (tfd_str_is(text, "MemoryError") || tfd_str_starts_z(text, "MemoryError:"))
        mark_end(out, TFD_PIP_END_MEMORY, text, number);
    else if (tfd_str_find_z(text, "[Errno 28]") != TFD_NPOS)
        mark_end(out, TFD_PIP_END_SPACE, text, number);
    else if (tfd_str_starts_z(trimmed, "Downloading "))
        mark_end(out, TFD_PIP_END_DOWNLOADING, text, number);
}

void tfd_pip_log_parse(tfd_str text, tfd_pip_log *out)
{
    tfd_str line, rest;

    memset(out, 0, sizeof *out);
    for (size_t number = 1; tfd_str_line(&text, &line); number++)
        if (cut_time(line, &rest))
            read_line(out, rest, number);
}
