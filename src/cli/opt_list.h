/* One line for each option: TFD_OPT(symbol, "name", letter or 0, "ARGUMENT" or NULL, commands, "group",
 * "help"). The parser, --help and the test of the man page read this table. An argument with bars is a
 * choice: the words allowed, in the order of the enum they stand for. Help is one literal a line, which
 * clang-format would break. */
/* clang-format off */
TFD_OPT(PYTHON, "python", 0, "PATH", TFD_ON_CHECK | TFD_ON_ADVISE, "What to examine",
        "An interpreter, a name to look up on PATH, or the folder of a venv or conda environment. Without it: the python a shell would start. For advise also a version, such as 3.12.")
TFD_OPT(MODULE, "module", 0, "NAME", TFD_ON_CHECK, "What to examine",
        "What to import; tensorflow unless given. tensorflow.keras, tensorflow_text and the like follow it.")
TFD_OPT(SCRIPT, "script", 0, "FILE", TFD_ON_CHECK, "What to examine",
        "The program that fails. It is not run; its folder stands first on sys.path, as Python does it. Without it the current folder does.")
TFD_OPT(EXPECT, "expect", 0, "import|gpu", TFD_ON_CHECK, "What to examine",
        "What must work. Without it the GPU is expected only where the build supports one and the machine has one.")
TFD_OPT(FAIL_ON, "fail-on", 0, "import|gpu|warning", TFD_ON_CHECK, "What to examine",
        "What gives exit code 1: a failing import, a failing GPU too, or a warning too.")
TFD_OPT(WANT, "want", 0, "cpu|gpu", TFD_ON_ADVISE, "What to advise",
        "What the release has to be able to use; cpu unless given.")
TFD_OPT(PLATFORM, "platform", 0, "TAG", TFD_ON_ADVISE, "What to advise",
        "The system to install on, as in the names of wheels: linux_x86_64, win_amd64, macosx_14_0_arm64. Without it: this one.")
TFD_OPT(GLIBC, "glibc", 0, "VERSION", TFD_ON_ADVISE, "What to advise",
        "The version of its C library, such as 2.31.")
TFD_OPT(DRIVER, "driver", 0, "VERSION", TFD_ON_ADVISE, "What to advise",
        "The version of its NVIDIA driver, such as 550.54.14 or 550.")
TFD_OPT(GPU, "gpu", 0, "NAME", TFD_ON_ADVISE, "What to advise",
        "Its NVIDIA GPU: a name such as 'RTX 3090', a chip such as GA102, or a compute capability such as 8.6.")
TFD_OPT(TENSORFLOW, "tensorflow", 0, "SPEC", TFD_ON_ADVISE, "What to advise",
        "Only these releases: 2.15, '<2.16', tensorflow==2.15.1.")
TFD_OPT(WITH, "with", 0, "NAME,...", TFD_ON_ADVISE, "What to advise",
        "Add-ons that are to fit, such as tensorflow-text; may be given again.")
TFD_OPT(ONLINE, "online", 0, NULL, TFD_ON_CHECK | TFD_ON_ADVISE, "Network",
        "Ask the package index that pip would ask: whether pip gets through, and for releases newer than this knowledge.")
TFD_OPT(OFFLINE, "offline", 0, NULL, TFD_ON_CHECK | TFD_ON_ADVISE, "Network",
        "Ask nobody; wins over --online. Nobody is asked without --online either.")
TFD_OPT(INDEX_URL, "index-url", 0, "URL", TFD_ON_CHECK | TFD_ON_ADVISE, "Network",
        "The index to ask with --online, where it is not the one that pip is set to.")
TFD_OPT(NO_RUN, "no-run", 0, NULL, TFD_ON_CHECK, "How",
        "Never start the interpreter: only read files, and forecast how the import would end.")
TFD_OPT(DEEP, "deep", 0, NULL, TFD_ON_CHECK, "How",
        "Compare every hash of RECORD, of every package that TensorFlow needs.")
TFD_OPT(TIMEOUT, "timeout", 0, "SECONDS", TFD_ON_CHECK, "How",
        "How long the import may take before it is ended; 120 unless given, at most 86400. Decimals are fine.")
TFD_OPT(ONLY, "only", 0, "ID,...", TFD_ON_CHECK, "How",
        "Run these checks and no other; may be given again. 'tfdiag list checks' names them.")
TFD_OPT(SKIP, "skip", 0, "ID,...", TFD_ON_CHECK, "How",
        "Leave these checks out; may be given again.")
TFD_OPT(KB, "kb", 0, "DIR", TFD_ON_ALL, "How",
        "Take the knowledge from this folder instead of the built-in one.")
TFD_OPT(FORMAT, "format", 0, "text|json", TFD_ON_ALL, "Output",
        "Form of the answer; text unless given.")
TFD_OPT(JSON, "json", 0, NULL, TFD_ON_ALL, "Output",
        "The same as --format json.")
TFD_OPT(OUTPUT, "output", 'o', "FILE", TFD_ON_ALL, "Output",
        "Write the answer to this file, all of it or nothing; '-' is standard output.")
TFD_OPT(COLOR, "color", 0, "auto|always|never", TFD_ON_ALL, "Output",
        "Colours; auto uses them on a terminal where NO_COLOR is not set.")
TFD_OPT(VERBOSE, "verbose", 'v', NULL, TFD_ON_CHECK | TFD_ON_ADVISE, "Output",
        "All evidence, why the causes rank as they do, every check and fact.")
TFD_OPT(STAT, "stat", 0, NULL, TFD_ON_CHECK, "Output",
        "How long each check took.")
TFD_OPT(HELP, "help", 'h', NULL, TFD_ON_ALL, "Output",
        "This text; after a command, the help of that command.")
TFD_OPT(VERSION, "version", 0, NULL, TFD_ON_ALL, "Output",
        "Version of tfdiag and date of its knowledge.")
/* clang-format on */
