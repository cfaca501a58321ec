"""What installers, caches, copies and people leave in site-packages."""
import glob
import os
import shutil

from realenv import NotFit, case, healthy


def link_away(e, *names):
    """Every file below these becomes a link into a cache that was cleaned."""
    for name in names:
        for folder, _dirs, files in os.walk(e.p(name)):
            for f in files:
                p = os.path.join(folder, f)
                os.unlink(p)
                os.symlink("/home/me/.cache/uv/archive-v0/Zx8/" + os.path.relpath(p, e.sp), p)


@case("numpy-link-dangling", "tf220", "dep-numpy")
def _(e):
    """site-packages/numpy is a link into a cache that was cleaned (pdm, uv)"""
    shutil.rmtree(e.p("numpy"))
    os.symlink("/home/me/.cache/pdm/packages/numpy/lib/numpy", e.p("numpy"))
    return "rm %s && %s" % (e.p("numpy"), e.reinstall("numpy"))


@case("links-into-cleaned-cache", "tf220", "dep-other")
def _(e):
    """every file of absl is a dangling link (uv pip install --link-mode symlink, uv cache clean)"""
    link_away(e, "absl")
    return "rm -r %s && %s" % (e.p("absl"), e.reinstall("absl-py"))


@case("links-into-cleaned-cache-two", "tf215", "dep-other", ["dep-numpy"])
def _(e):
    """absl and numpy, one file of each still a file"""
    link_away(e, "absl", "numpy")
    return "rm -r %s %s && %s && %s" % (e.p("absl"), e.p("numpy"), e.reinstall("absl-py"), e.reinstall("numpy"))


@case("jaxlib-newer-than-jax", "tf215", "dep-other")
def _(e):
    """jaxlib 0.4.30 beside jax 0.4.20: jax refuses with a RuntimeError, which TensorFlow does not catch"""
    for s in ("jax==0.4.20", "jaxlib==0.4.30", "scipy==1.11.4"):
        e.unzip(e.fetch(s))
    return "python -m pip install --no-deps jaxlib==0.4.20"


@case("jaxlib-older-than-jax", "tf215", "dep-other")
def _(e):
    """jaxlib 0.4.13 beside jax 0.4.20: older than jax accepts"""
    for s in ("jax==0.4.20", "jaxlib==0.4.13", "scipy==1.11.4"):
        e.unzip(e.fetch(s))
    return "python -m pip install --no-deps jaxlib==0.4.20"


@case("numpy-two-metadata-new-code", "tf215", "dep-numpy")
def _(e):
    """pip install --target over an older NumPy: two .dist-info, the newer code"""
    e.unzip(e.fetch("numpy==2.1.3"))
    return "rm -rf %s/numpy-2.1.3.dist-info && python -m pip install --force-reinstall --no-deps 'numpy<2,>=1.23.5'" % e.sp


@case("google-py-beside", "tf220", "name-shadowing")
def _(e):
    """somebody's google.py in site-packages wins over the namespace folder google/"""
    e.write(e.p("google.py"), "def search(what):\n    return []\n")
    return "mv %s %s" % (e.p("google.py"), e.p("my_google.py"))


@healthy("numpy-py-beside")
def _(e):
    """numpy.py beside the regular package numpy: the package wins"""
    e.write(e.p("numpy.py"), "raise RuntimeError('never imported')\n")


@healthy("crlf-few")
def _(e):
    """line ends of a few modules and of RECORD turned into CRLF"""
    for rel in ("tensorflow/__init__.py", "numpy/__init__.py", "keras/__init__.py", "absl/app.py"):
        e.write(e.p(rel), e.read(e.p(rel)).replace(b"\n", b"\r\n"))
    record = os.path.join(e.info(e.tf_dist()[0])[0], "RECORD")
    e.write(record, e.read(record).replace(b"\n", b"\r\n"))


@healthy("crlf-packages")
def _(e):
    """git's autocrlf over whole packages"""
    for top in ("absl", "keras", "wrapt", "requests"):
        for p in glob.glob(e.p(top, "**", "*.py"), recursive=True):
            e.write(p, e.read(p).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@healthy("protobuf-windows-wheel", "tf215")
def _(e):
    """protobuf from the Windows wheel: its accelerator is of no use here, the Python code works"""
    e.uninstall("protobuf")
    e.unzip(e.fetch("protobuf==4.25.3", "3.11", ("win_amd64",)))


@case("record-cut-file-gone", "tf220", "tf-corrupt")
def _(e):
    """RECORD of TensorFlow cut short (disk full), and a module that it no longer lists is gone"""
    fix = e.reinstall()
    e.truncate(os.path.join(e.info(e.tf_dist()[0])[0], "RECORD"), 0.11)
    e.rm(e.tf("python", "framework", "ops.py"))
    return fix


@case("record-cut-absl-gone", "tf220", "dep-other")
def _(e):
    """the same with absl-py, whose RECORD ends after the first rows"""
    fix = e.reinstall("absl-py")
    record = os.path.join(e.info("absl-py")[0], "RECORD")
    e.write(record, b"".join(e.read(record).splitlines(True)[:6]))
    e.rm(e.p("absl", "logging"))
    return fix


@case("no-metadata-file-gone", "tf220", "tf-corrupt")
def _(e):
    """an image slimmed of every .dist-info, and a module of TensorFlow gone"""
    name, version = e.tf_dist()
    for d in glob.glob(e.p("*.dist-info")):
        shutil.rmtree(d)
    e.rm(e.tf("python", "eager", "context.py"))
    return "python -m pip install --ignore-installed --no-deps %s==%s" % (name, version)


@healthy("no-metadata-at-all")
def _(e):
    """an image slimmed of every .dist-info: no code asks for them"""
    found = glob.glob(e.p("*.dist-info"))
    if not found:
        raise NotFit("needs .dist-info folders")
    for d in found:
        shutil.rmtree(d)
