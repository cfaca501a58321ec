#include "advise/show.h"
#include "render/page.h"

#define FITTING_SHOWN 6

static tfd_str gpu_of(tfd_page *page, const tfd_advise_target *t)
{
    tfd_str text = t->gpu_count == 0 ? TFD_STR("GPU not known") : tfd_page_text(page, t->gpus[0].name);

    if (t->has_no_gpu)
        return TFD_STR("no NVIDIA GPU");
    if (t->gpu_count > 0 && t->gpus[0].capability.len > 0)
        text = tfd_page_fmt(page, "%.*s (compute capability %.*s)", TFD_ARG(text),
                            TFD_ARG(t->gpus[0].capability));
    if (t->driver.len > 0)
        return tfd_page_fmt(page, "%.*s, driver %.*s", TFD_ARG(text), TFD_ARG(t->driver));
    return tfd_page_fmt(page, "%.*s, %s", TFD_ARG(text), t->has_no_driver ? "no driver" : "driver not known");
}

static void put_target(tfd_page *page, const tfd_advise_target *t)
{
    tfd_str path = t->is_here ? t->facts->python.path : TFD_STR("");
    tfd_str line = tfd_page_fmt(
        page, "%.*s %.*s%s%.*s%s%.*s%s, %.*s",
        TFD_ARG(tfd_str_is(t->implementation, "cpython") ? TFD_STR("CPython") : t->implementation),
        TFD_ARG(t->version), path.len > 0 ? " in " : "", TFD_ARG(path), t->why.len > 0 ? " (" : "",
        TFD_ARG(t->why), t->why.len > 0 ? ")" : "", TFD_ARG(t->tag));
    tfd_str more = TFD_STR("");

    if (t->libc_version.len > 0)
        more = tfd_page_fmt(page, ", glibc %.*s", TFD_ARG(t->libc_version));
    else if (tfd_str_is(t->libc, "musl"))
        more = TFD_STR(", musl");
    line = tfd_page_fmt(page, "%.*s%.*s", TFD_ARG(line), TFD_ARG(more));
    if (t->wants_gpu)
        line = tfd_page_fmt(page, "%.*s, %.*s", TFD_ARG(line), TFD_ARG(gpu_of(page, t)));
    tfd_page_pad(page, 2);
    tfd_page_wrap(page, TFD_INK_PLAIN, line, 2);
    tfd_page_line(page);
}

static void put_paragraph(tfd_page *page, tfd_ink ink, size_t indent, tfd_str text)
{
    tfd_page_pad(page, indent);
    tfd_page_wrap(page, ink, tfd_page_text(page, text), indent);
    tfd_page_line(page);
}

static void put_commands(tfd_page *page, const tfd_str *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tfd_page_pad(page, 4);
        tfd_page_put(page, TFD_INK_COMMAND, tfd_page_command(page, commands[i]));
        tfd_page_line(page);
    }
}

static void put_before(tfd_page *page, const tfd_advice *advice)
{
    if (advice->before_count == 0)
        return;
    tfd_page_gap(page);
    tfd_page_z(page, TFD_INK_BOLD, advice->best ? "Before" : "What to change");
    tfd_page_line(page);
    for (size_t i = 0; i < advice->before_count; i++) {
        const tfd_change *change = &advice->before[i];

        put_paragraph(page, TFD_INK_PLAIN, 2,
                      tfd_page_fmt(page, "%s%.*s (%s)", advice->best || i == 0 ? "" : "Or: ",
                                   TFD_ARG(change->text), tfd_cause_name(change->cause)));
        put_commands(page, change->commands, change->command_count);
    }
}

static tfd_str download_of(tfd_page *page, const tfd_cost *cost)
{
    if (cost->download > 0)
        return tfd_page_fmt(page, "Cost: about %.*s to download",
                            TFD_ARG(tfd_page_bytes(page, cost->download)));
    if (cost->wheel > 0)
        return tfd_page_fmt(page,
                            "Cost: TensorFlow's wheel alone is %.*s to download, the packages that it "
                            "requires come on top",
                            TFD_ARG(tfd_page_bytes(page, cost->wheel)));
    return TFD_STR("Cost: the size of the download is not known");
}

static void put_cost(tfd_page *page, const tfd_cost *cost)
{
    tfd_str text = download_of(page, cost);

    if (cost->disk > 0)
        text = tfd_page_fmt(page, "%.*s, %.*s of disk", TFD_ARG(text),
                            TFD_ARG(tfd_page_bytes(page, cost->disk)));
    else
        text = tfd_page_fmt(page, "%.*s; the space on disk is not known", TFD_ARG(text));
    if (cost->packages > 0)
        text = tfd_page_fmt(page, "%.*s; %u packages in a new environment", TFD_ARG(text),
                            (unsigned)cost->packages);
    for (size_t i = 0; i < cost->changed.count; i++)
        text = tfd_page_fmt(page, "%.*s%s %.*s", TFD_ARG(text), i == 0 ? "; changes" : ",",
                            TFD_ARG(cost->changed.items[i]));
    put_paragraph(page, TFD_INK_PLAIN, 2, text);
}

static void put_install(tfd_page *page, const tfd_advice *advice)
{
    tfd_page_gap(page);
    tfd_page_z(page, TFD_INK_BOLD, "Install");
    tfd_page_line(page);
    put_commands(page, advice->commands, advice->command_count);
    put_cost(page, &advice->cost);
}

/* ---- the other releases: neighbours with the same reasons are one line */

static bool is_same(const tfd_judged *a, const tfd_judged *b)
{
    if (a->obstacle_count != b->obstacle_count)
        return false;
    for (size_t i = 0; i < a->obstacle_count; i++)
        if (a->obstacles[i].cause != b->obstacles[i].cause ||
            !tfd_str_eq(a->obstacles[i].text, b->obstacles[i].text))
            return false;
    return true;
}

static tfd_str reasons_of(tfd_page *page, const tfd_judged *one)
{
    tfd_str text = TFD_STR("");

    for (size_t i = 0; i < one->obstacle_count; i++)
        text = tfd_page_fmt(page, "%.*s%s%.*s (%s)", TFD_ARG(text), i == 0 ? "" : "; ",
                            TFD_ARG(one->obstacles[i].text), tfd_cause_name(one->obstacles[i].cause));
    return text;
}

static void put_refused(tfd_page *page, const tfd_advice *advice, bool verbose)
{
    size_t end;

    for (size_t i = 0; i < advice->release_count; i = end) {
        const tfd_judged *one = &advice->releases[i];
        tfd_str first = one->release->version, last = first;

        for (end = i + 1; end < advice->release_count && !verbose && is_same(one, &advice->releases[end]);)
            last = advice->releases[end++].release->version;
        if (one->obstacle_count == 0)
            continue;
        put_paragraph(page, TFD_INK_PLAIN, 2,
                      end == i + 1
                          ? tfd_page_fmt(page, "%.*s: %.*s", TFD_ARG(first), TFD_ARG(reasons_of(page, one)))
                          : tfd_page_fmt(page, "%.*s to %.*s: %.*s", TFD_ARG(last), TFD_ARG(first),
                                         TFD_ARG(reasons_of(page, one))));
    }
}

static void put_fitting(tfd_page *page, const tfd_advice *advice, bool verbose)
{
    tfd_str text = TFD_STR("");
    size_t count = 0;

    for (size_t i = 0; i < advice->release_count; i++) {
        const tfd_judged *one = &advice->releases[i];

        if (one->obstacle_count > 0 || one == advice->best)
            continue;
        if (count < FITTING_SHOWN || verbose)
            text = tfd_page_fmt(page, "%.*s%s%.*s", TFD_ARG(text), count == 0 ? "" : ", ",
                                TFD_ARG(one->release->version));
        count++;
    }
    if (count == 0)
        return;
    if (count > FITTING_SHOWN && !verbose)
        text = tfd_page_fmt(page, "%.*s and %u more", TFD_ARG(text), (unsigned)(count - FITTING_SHOWN));
    put_paragraph(page, TFD_INK_PLAIN, 2, tfd_page_fmt(page, "Would fit as well: %.*s", TFD_ARG(text)));
}

static void put_others(tfd_page *page, const tfd_advice *advice, bool verbose)
{
    bool has_others = advice->release_count > (advice->best ? 1u : 0u);

    if (advice->release_count == 0) {
        tfd_page_gap(page);
        put_paragraph(page, TFD_INK_PLAIN, 2,
                      tfd_page_fmt(page, "No release that is known answers --tensorflow '%.*s'.",
                                   TFD_ARG(advice->target->options->tensorflow)));
    }
    if (!has_others)
        return;
    tfd_page_gap(page);
    tfd_page_z(page, TFD_INK_BOLD, "Other releases");
    tfd_page_line(page);
    put_fitting(page, advice, verbose);
    put_refused(page, advice, verbose);
}

void tfd_advise_show_text(const tfd_advice *advice, const tfd_style *style, bool verbose, tfd_buf *out)
{
    const tfd_advise_index *index = advice->target->index;
    bool with_index = index && index->was_asked && index->problem.len == 0;
    tfd_page page;

    tfd_page_init(&page, style, out);
    if (advice->best)
        tfd_page_put(&page, TFD_INK_GOOD,
                     tfd_page_fmt(&page, "%.*s %.*s suits", TFD_ARG(advice->distribution),
                                  TFD_ARG(advice->best->release->version)));
    else
        tfd_page_put(&page, TFD_INK_BAD, TFD_STR("no release of TensorFlow suits"));
    tfd_page_line(&page);
    put_target(&page, advice->target);
    if (advice->best)
        put_install(&page, advice);
    put_before(&page, advice);
    if (advice->note_count > 0)
        tfd_page_gap(&page);
    for (size_t i = 0; i < advice->note_count; i++)
        put_paragraph(&page, TFD_INK_DOUBT, 0, advice->notes[i]);
    put_others(&page, advice, verbose);
    tfd_page_gap(&page);
    put_paragraph(&page, TFD_INK_DIM, 0,
                  tfd_page_fmt(&page, "Knowledge of %.*s%s. About an id: tfdiag show ID",
                               TFD_ARG(advice->knowledge),
                               with_index ? ", and what the package index says today" : ""));
    tfd_page_done(&page);
}
