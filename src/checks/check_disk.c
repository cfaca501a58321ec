/* Is there a folder for temporary files that can be written? `import tensorflow` asks for one (absl.testing
 * calls tempfile.gettempdir), and one that is full or read-only ends it. */
#include "core/check.h"

static void run(const tfd_view *view, tfd_findings *out)
{
    const tfd_fact *space = &view->facts->scalars[TFD_FACT_TMP_FREE_BYTES];
    const tfd_fact *writable = &view->facts->scalars[TFD_FACT_TMP_WRITABLE];
    tfd_finding finding;

    if (writable->state != TFD_STATE_PRESENT) {
        tfd_findings_unknown(out, TFD_STR("the folders for temporary files could not be looked at"));
        return;
    }
    if (writable->boolean && space->state == TFD_STATE_PRESENT && space->integer < TFD_TMP_MIN) {
        finding = tfd_finding_of(TFD_CAUSE_DISK_FULL, TFD_STR("temporary folder"), TFD_W_STRONG,
                                 TFD_EFFECT_MAY_BREAK);
        finding.text = tfd_arena_fmt(
            out->arena, "every folder for temporary files is full (%lld bytes free in the roomiest)",
            (long long)space->integer);
        finding.source = space->source;
        tfd_findings_add(out, &finding);
    } else if (!writable->boolean) {
        finding = tfd_finding_of(TFD_CAUSE_PERMISSION_DENIED, TFD_STR("temporary folder"), TFD_W_STRONG,
                                 TFD_EFFECT_MAY_BREAK);
        finding.text = TFD_STR("no folder for temporary files can be written by this user");
        finding.source = writable->source;
        tfd_findings_add(out, &finding);
    } else {
        tfd_findings_say(out, TFD_STR("there is room for temporary files"));
    }
}

const tfd_check tfd_check_disk = {
    .id = "disk",
    .summary = "There is a folder for temporary files with room in it",
    .run = run,
};
