# Runs in the interpreter that is examined, on Windows: `python -I -S -c THIS FLAGS PATH...`. Loads DLLs one by one, each
# with what it needs already loaded, the way the interpreter loads an extension module (FLAGS are those of
# Python/dynload_win.c), and reports through a pipe of its own: JSON arrays, one a line (dll_trial.c reads them). It ends at
# the first that fails. Only ctypes is needed beside what is built in; without it nothing can be said.
import sys


def main(system, argv):
    import msvcrt
    fd = msvcrt.open_osfhandle(int(system.environ["TFDIAG_DATA"]), 0)

    def send(kind, index, code):
        system.write(fd, ('["%s",%d,%d]\n' % (kind, index, code)).encode("ascii"))

    try:
        import faulthandler
        faulthandler.enable(file=fd, all_threads=False)  # tells an exception that the loader catches
    except Exception:
        pass
    try:
        import ctypes
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        load = kernel.LoadLibraryExW
        load.argtypes = [ctypes.c_wchar_p, ctypes.c_void_p, ctypes.c_ulong]
        load.restype = ctypes.c_void_p
        kernel.SetErrorMode(0x8003)  # no dialogs
    except BaseException:
        send("unavailable", 0, 0)
        return
    for index, path in enumerate(argv[1:]):
        send("try", index, 0)
        handle = load(path, None, int(argv[0]))
        send("done", index, 0 if handle else ctypes.get_last_error())
        if not handle:
            break
    system._exit(0)  # what was loaded need not be unloaded in order


main(sys.modules["nt"], sys.argv[1:])
