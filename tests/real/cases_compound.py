"""Faults that hit several packages at once, and the installer with them."""
import os
import shutil

from realenv import case


def delete_named(e, wanted):
    """What rsync with an exclude list, or find -exec rm, takes away: every file and folder whose name fits."""
    gone = 0
    for folder, dirs, files in os.walk(e.sp):
        for d in [d for d in dirs if wanted(d, True)]:
            shutil.rmtree(os.path.join(folder, d))
            dirs.remove(d)
            gone += 1
        for f in files:
            if wanted(f, False):
                os.unlink(os.path.join(folder, f))
                gone += 1
    return gone


@case("rsync-gitignore", "tf220", "tf-corrupt", ["dep-numpy"])
def _(e):
    """site-packages copied with git's usual ignore list for Python: every folder lib and build is gone, in pip too"""
    delete_named(e, lambda n, is_dir: is_dir and n in ("lib", "build"))
    return e.reinstall()


@case("image-slimmed-tests", "tf220", "tf-corrupt", ["dep-numpy", "dep-other", "dep-protobuf"])
def _(e):
    """find -name 'test*' -exec rm: also what is no test, in pip too"""
    delete_named(e, lambda n, is_dir: n.startswith("test"))
    return e.reinstall()


@case("image-slimmed-tests-tf210", "tf210", "tf-corrupt", ["dep-numpy", "dep-other", "dep-protobuf"])
def _(e):
    """the same below 2.10"""
    delete_named(e, lambda n, is_dir: n.startswith("test"))
    return e.reinstall()


@case("pip-and-numpy-damaged-tf115", "tf115", "dep-numpy")
def _(e):
    """numpy's core and pip's own code are gone; this base interpreter's pip cannot lend itself"""
    e.rm(e.one("numpy", "core", "_multiarray_umath*.so"))
    e.rm(e.p("pip", "_internal", "cli"))
    return e.reinstall("numpy")
