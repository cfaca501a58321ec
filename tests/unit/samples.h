/* Five made-up reports: what the renderers are looked at with. Each is built in static memory, so one at a
 * time. */
#ifndef TFD_TESTS_SAMPLES_H
#define TFD_TESTS_SAMPLES_H

#include <string.h>

#include "core/report.h"

#define S(text) TFD_STR_INIT(text)
#define HOME "/home/me"
#define VENV HOME "/work/.venv"

static tfd_facts sample_facts;
static tfd_options sample_options;
static tfd_system sample_system;

static tfd_dist sample_dist[] = {
    {.name = S("tensorflow-cpu"), .key = S("tensorflow-cpu"), .version = S("2.15.1"), .is_tensorflow = true}};

static tfd_interpreter sample_interpreters[] = {
    {.path = S(VENV "/bin/python"),
     .seen_in = S("VIRTUAL_ENV"),
     .version = S("3.11.7"),
     .tf_dist = S("tensorflow-cpu"),
     .tf_version = S("2.15.1"),
     .is_target = true},
    {.path = S("/usr/bin/python3"), .seen_in = S("PATH"), .version = S("3.11.2")},
    {.path = S(HOME "/old/bin/python"), .seen_in = S(".venv"), .is_broken = true},
};

static tfd_place sample_places[] = {
    {.path = S(HOME "/work"), .source = S("current folder"), .exists = true},
    {.path = S("/usr/lib/python311.zip"), .source = S("getpath")},
    {.path = S(VENV "/lib/python3.11/site-packages"), .source = S("pyvenv.cfg"), .exists = true},
};

static tfd_check_result sample_checks[] = {
    {"python", TFD_CHECK_OK, S("CPython 3.11.7, 64 bits, x86-64"), 120},
    {"deps", TFD_CHECK_FAIL, S("1 of 27 requirements not met"), 1400},
    {"record", TFD_CHECK_WARN, S("2 of 16488 files differ"), 21000},
    {"native", TFD_CHECK_OK, S("164 native files resolve"), 30512},
    {"import", TFD_CHECK_FAIL, S("ImportError"), 95},
};

/* What all samples have in common; every sample changes what it is about. */
static tfd_report sample_base(void)
{
    static const tfd_str source = S("CPUID leaf 7, XCR0");
    tfd_report report;

    memset(&report, 0, sizeof report);
    memset(&sample_options, 0, sizeof sample_options);
    tfd_facts_init(&sample_facts);
    sample_system = (tfd_system){.os = TFD_OS_LINUX, .arch = TFD_ARCH_X86_64};
    sample_options.module = TFD_STR("tensorflow");
    sample_facts.module = sample_facts.module_top = TFD_STR("tensorflow");
    sample_facts.system = &sample_system;
    sample_facts.python = (tfd_python){.path = S(VENV "/bin/python"),
                                       .why = S("VIRTUAL_ENV"),
                                       .implementation = S("cpython"),
                                       .version = S("3.11.7"),
                                       .arch = TFD_ARCH_X86_64,
                                       .env = TFD_ENV_VENV,
                                       .env_root = S(VENV)};
    sample_facts.dists.items = sample_dist;
    sample_facts.dists.count = 1;
    sample_facts.dists.complete = true;
    sample_facts.tensorflow = 0;
    tfd_fact_set_bool(&sample_facts, TFD_FACT_CPU_AVX2, true, source);
    tfd_fact_set_int(&sample_facts, TFD_FACT_MEMORY_TOTAL, 16777216000, TFD_STR("/proc/meminfo"));
    tfd_fact_set_text(&sample_facts, TFD_FACT_PYTHON_VERSION, TFD_STR("3.11.7"), TFD_STR("pyvenv.cfg"));
    tfd_fact_set_absent(&sample_facts, TFD_FACT_LIMIT_AS, TFD_STR("ulimit -v"));
    report.options = &sample_options;
    report.facts = &sample_facts;
    report.knowledge = TFD_STR("2026-11-22");
    report.has_target = true;
    report.gpu = TFD_WORKS_NOT_EXPECTED;
    report.gpu_why = TFD_STR("no NVIDIA device in this machine");
    report.checks = sample_checks;
    report.check_count = sizeof sample_checks / sizeof sample_checks[0];
    report.static_us = 71234;
    report.total_us = 2684000;
    return report;
}

/* The classic: one cause, proven by the import's own error. */
static tfd_report sample_numpy(void)
{
    static tfd_exception error = {.type = S("ImportError"),
                                  .message =
                                      S("numpy.core._multiarray_umath failed to import\nsee the notes\n")};
    static tfd_evidence evidence[] = {
        {"deps", S("tensorflow-cpu 2.15.1 requires numpy<2.0.0,>=1.23.5; 2.2.6 is installed"),
         S("METADATA:23"), 80},
        {"import", S("the import fails in numpy/core/_multiarray_umath"), S("import"), 90},
        {"native", S("it has C-API version 2; TensorFlow was built for 1"), S("_pywrap_bfloat16.so"), 25},
    };
    static tfd_str commands[] = {S(VENV "/bin/python -m pip install 'numpy<2.0.0,>=1.23.5'")};
    static tfd_str changes[] = {S("numpy 2.2.6"), S("wrapt")};
    static tfd_fix fixes[] = {{.title = S("Install a NumPy that fits"),
                               .commands = commands,
                               .command_count = 1,
                               .needs_network = true,
                               .cost = {.packages = changes,
                                        .package_count = 2,
                                        .brings_others = true,
                                        .download = 18271341,
                                        .free = 43200000000},
                               .note = S("Restart running notebooks afterwards.")}};
    static tfd_cause causes[] = {{.id = TFD_CAUSE_DEP_NUMPY,
                                  .subject = S("numpy 2.2.6"),
                                  .title = S("NumPy 2.2.6 does not fit TensorFlow 2.15.1"),
                                  .probability = 0.9712,
                                  .certainty = TFD_CERTAIN,
                                  .evidence = evidence,
                                  .evidence_count = 3,
                                  .fixes = fixes,
                                  .fix_count = 1,
                                  .score = 195,
                                  .reason = S("The import's own error names it; nothing else fits.")}};
    static tfd_benign benign[] = {{S("protobuf-messagefactory"),
                                   S("protobuf 4.25.9 prints 5 lines about MessageFactory"),
                                   S("a notice, not a fault")}};
    static tfd_cleared cleared[] = {S("the processor has AVX and AVX2"),
                                    S("all 16488 files of TensorFlow are as installed")};
    tfd_report report = sample_base();

    report.import = TFD_WORKS_FAILS;
    report.import_ran = true;
    report.import_error = &error;
    report.import_seconds = 2.613;
    report.causes = causes;
    report.cause_count = 1;
    report.benign = benign;
    report.benign_count = 1;
    report.cleared = cleared;
    report.cleared_count = 2;
    report.exit_code = 1;
    return report;
}

static tfd_report sample_healthy(void)
{
    static tfd_warning warnings[] = {{.id = TFD_CAUSE_DEP_OTHER,
                                      .subject = S("tensorflow-estimator"),
                                      .text = S("tensorflow-estimator is required by tensorflow-cpu 2.15.1, "
                                                "not installed; the import works without it")}};
    static tfd_check_result checks[] = {
        {"python", TFD_CHECK_OK, S("CPython 3.11.7"), 120},
        {"deps", TFD_CHECK_WARN, S("1 of 27 requirements not met"), 1400},
        {"import", TFD_CHECK_OK, S("works"), 95},
    };
    tfd_report report = sample_base();

    report.import = TFD_WORKS_OK;
    report.import_ran = true;
    report.import_seconds = 2.4;
    report.warnings = warnings;
    report.warning_count = 1;
    report.checks = checks;
    report.check_count = 3;
    return report;
}

/* Several causes, hostile names, secrets, quotes around the home folder, and a fix that no command can do. */
static tfd_report sample_many(void)
{
    static tfd_exception error = {
        .type = S("ImportError"),
        .message =
            S("/home/me/lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by " VENV
              "/lib/python3.11/site-packages/tensorflow/libtensorflow_framework.so.2) \x1b]0;owned\x07")};
    static tfd_evidence first[] = {
        {"native",
         S("libstdc++.so.6 comes from " HOME "/lib through LD_LIBRARY_PATH and has GLIBCXX up to 3.4.25; "
           "libtensorflow_framework.so.2 needs 3.4.29"),
         S("LD_LIBRARY_PATH=" HOME "/lib"), 120},
        {"native", S("without that variable /usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30 would be loaded"),
         S("/etc/ld.so.cache"), 40},
        {"import", S("the import's error names libstdc++.so.6"), S("import"), 90},
        {"environment", S("the folder \xff\xfe \xe2\x80\xae is on LD_LIBRARY_PATH too"), S("LD_LIBRARY_PATH"),
         5},
    };
    static tfd_evidence second[] = {{"record", S("12 files of tensorflow-cpu have the wrong size"),
                                     S(VENV "/lib/python3.11/site-packages/"
                                            "tensorflow_cpu-2.15.1.dist-info/RECORD"),
                                     50}};
    static tfd_evidence third[] = {{"cpu", S("the processor has no AVX"), S("CPUID leaf 1"), 25}};
    static tfd_str unset[] = {S("unset LD_LIBRARY_PATH")};
    static tfd_str reinstall[] = {S("'" HOME
                                    "/work/.venv/bin/python' -m pip install --force-reinstall --no-deps -i "
                                    "https://me:s3cr3t99@mirror.example/simple tensorflow-cpu==2.15.1"),
                                  S(HOME "/work/.venv/bin/python -c 'import tensorflow'")};
    static tfd_str admin[] = {S("sudo apt-get install libstdc++6")};
    static tfd_fix fix_first[] = {
        {.title = S("Take the variable away"), .commands = unset, .command_count = 1},
        {.title = S("Install the system's newest one"),
         .commands = admin,
         .command_count = 1,
         .needs_admin = true,
         .needs_network = true},
    };
    static tfd_fix fix_second[] = {{.title = S("Install TensorFlow anew"),
                                    .commands = reinstall,
                                    .command_count = 2,
                                    .needs_network = true}};
    static tfd_fix fix_third[] = {{.title = S("Use a machine whose processor has AVX, or a build without it"),
                                   .url = S("https://www.tensorflow.org/install/source")}};
    static tfd_cause_id also[] = {TFD_CAUSE_TF_CORRUPT};
    static tfd_cause causes[] = {
        {.id = TFD_CAUSE_LDPATH_CONFLICT,
         .subject = S("LD_LIBRARY_PATH"),
         .title = S("LD_LIBRARY_PATH brings a libstdc++.so.6 that is too old for TensorFlow 2.15.1"),
         .probability = 0.9,
         .certainty = TFD_CERTAIN,
         .evidence = first,
         .evidence_count = 4,
         .fixes = fix_first,
         .fix_count = 2,
         .needs_also = also,
         .needs_also_count = 1,
         .score = 255},
        {.id = TFD_CAUSE_TF_CORRUPT,
         .subject = S("tensorflow-cpu"),
         .title = S("Files of TensorFlow are damaged"),
         .probability = 0.3,
         .certainty = TFD_LIKELY,
         .evidence = second,
         .evidence_count = 1,
         .fixes = fix_second,
         .fix_count = 1,
         .score = 50},
        {.id = TFD_CAUSE_CPU_NO_AVX,
         .title = S("The processor has no AVX"),
         .probability = 0.05,
         .certainty = TFD_POSSIBLE,
         .evidence = third,
         .evidence_count = 1,
         .fixes = fix_third,
         .fix_count = 1,
         .score = 25},
    };
    tfd_report report = sample_base();

    report.import = TFD_WORKS_FAILS;
    report.import_ran = true;
    report.import_error = &error;
    report.import_seconds = 0.834;
    report.causes = causes;
    report.cause_count = 3;
    report.exit_code = 1;
    return report;
}

/* Not run, and some checks could not look. */
static tfd_report sample_forecast(void)
{
    static tfd_evidence evidence[] = {
        {"shadowing", S("random.py in the current folder hides the standard library's module random"),
         S(HOME "/work/random.py"), 120}};
    static tfd_str commands[] = {S("mv " HOME "/work/random.py " HOME "/work/random_mine.py")};
    static tfd_fix fixes[] = {{.title = S("Rename your file"), .commands = commands, .command_count = 1}};
    static tfd_cause causes[] = {{.id = TFD_CAUSE_NAME_SHADOWING,
                                  .subject = S("random.py"),
                                  .title = S("Your random.py hides the standard library's"),
                                  .probability = 0.93,
                                  .certainty = TFD_LIKELY,
                                  .evidence = evidence,
                                  .evidence_count = 1,
                                  .fixes = fixes,
                                  .fix_count = 1,
                                  .score = 120}};
    static tfd_check_result checks[] = {
        {"python", TFD_CHECK_OK, S("CPython 3.11.7"), 120},
        {"shadowing", TFD_CHECK_FAIL, S("1 module hidden"), 900},
        {"record", TFD_CHECK_UNKNOWN, S("RECORD of tensorflow-cpu cannot be read: permission denied"), 300},
        {"import", TFD_CHECK_SKIPPED, S("--no-run"), 0},
    };
    tfd_report report = sample_base();

    sample_options.no_run = true;
    report.import = TFD_WORKS_FAILS;
    report.causes = causes;
    report.cause_count = 1;
    report.checks = checks;
    report.check_count = 4;
    report.exit_code = 1;
    return report;
}

/* It dies, and nothing that was found explains it; shown with -v and --stat. */
static tfd_report sample_crash(void)
{
    tfd_report report = sample_base();

    sample_options.verbose = sample_options.stat = true;
    sample_facts.interpreters.items = sample_interpreters;
    sample_facts.interpreters.count = 3;
    sample_facts.places.items = sample_places;
    sample_facts.places.count = 3;
    sample_facts.places.complete = true;
    sample_facts.import.signal = 11;
    sample_facts.import.err = TFD_STR("one\ntwo \x1b[2J\nAPI_TOKEN=abcdef012345\n");
    report.import = TFD_WORKS_FAILS;
    report.import_ran = true;
    report.import_summary = TFD_STR("died of signal 11 (SIGSEGV)");
    report.import_seconds = 12.3;
    report.exit_code = 1;
    return report;
}

#undef S

#endif
