#include "core/import.h"
#include "sys/child.h"

/* TensorFlow and Keras wrap the exception that tells into one that repeats its traceback: the first raised
 * says more. */
const tfd_exception *tfd_import_telling(const tfd_import *import)
{
    const tfd_exception *first = import->exception_count > 0 ? &import->exceptions[0] : NULL;
    const tfd_exception *last = first ? &import->exceptions[import->exception_count - 1] : NULL;

    if (first && first->name.len == 0 && first->path.len == 0 && tfd_str_is(first->type, "ImportError"))
        return last;
    return first;
}

tfd_str tfd_import_summary(const tfd_facts *facts, uint64_t timeout_ms, tfd_arena *arena)
{
    const tfd_import *import = &facts->import;

    if (!import->ran)
        return TFD_STR("");
    if (import->timed_out)
        return tfd_arena_fmt(arena, "did not end within %g s",
                             (double)(timeout_ms ? timeout_ms : TFD_CHILD_DEADLINE_MS) / 1e3);
    if (import->signal != 0)
        return tfd_arena_fmt(arena, "died of signal %d", import->signal);
    if (import->is_namespace)
        return TFD_STR("succeeds as an empty namespace package");
    if (import->exit_code < 0 && import->exception_count == 0 && facts->system &&
        facts->system->os == TFD_OS_WINDOWS)
        return tfd_arena_fmt(arena, "%s with exit code 0x%08X",
                             import->stage == TFD_STAGE_START ? "the interpreter does not start: it ended"
                                                              : "died",
                             (unsigned)import->exit_code);
    if (import->stage == TFD_STAGE_START)
        return tfd_arena_fmt(arena, "the interpreter does not start (exit code %d)", import->exit_code);
    return TFD_STR("");
}
