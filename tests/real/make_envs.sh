#!/usr/bin/env bash
# make_envs.sh DEST [name...]   -- real TensorFlow environments for tests and measurements.
#
# Builds virtual environments DEST/<name> from PyPI alone, with the CPython versions found
# (PYENV_ROOT or ~/.pyenv, else pythonX.Y on PATH).  Idempotent: a finished environment
# (DEST/<name>/.lab-done carries the same recipe) is left alone; a half-built one is rebuilt.
# Without names: all of the small ones (everything but tf220cuda and tf221cuda).
#
#   tf115      3.7   tensorflow 1.15.5        oldest one can still install
#   tf210      3.10  tensorflow-cpu 2.10.1    last line before the 2.11 Windows change
#   tf215      3.11  tensorflow-cpu 2.15.1    last Keras 2
#   tf220      3.12  tensorflow-cpu 2.20.0    Keras 3, numpy 2
#   tf221      3.13  tensorflow 2.21.0        full wheel, no CUDA libraries
#   tf220cuda  3.12  tensorflow[and-cuda] 2.20.0   lists a (simulated) GPU; 3 GB to download
#   tf221cuda  3.13  tensorflow[and-cuda] 2.21.0   as released it finds no GPU: its RUNPATH lacks nvidia/cusolver/lib
#   py36       3.6   empty (no TensorFlow >= 2.7 wheel)
#   empty312   3.12  empty (TensorFlow missing)
#
# The two with CUDA's libraries lose the GPUs' machine code (hollow_libraries.py). Each needs 12 GB of free disk while it
# is made, of which 3.6 and 0.3 GB stay once identical files are shared (share_files.sh).
#
# Output: one line per environment on stdout, tab separated:
#   name  state(built|kept|failed)  seconds  KiB-on-disk  dists  .so files
# Exit: 0 all there, 1 one failed, 2 usage.
set -u

usage() { sed -n '2,24p' "$0" | sed 's/^# \{0,1\}//'; }
[ $# -ge 1 ] || { usage >&2; exit 2; }
case "$1" in -h|--help) usage; exit 0;; esac
mkdir -p "$1" || exit 2
DEST=$(cd "$1" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- tf115 tf210 tf215 tf220 tf221 py36 empty312

python_for() { # X.Y -> path of an interpreter of that version
  local root=${PYENV_ROOT:-$HOME/.pyenv} p
  for p in "$root"/versions/"$1".*/bin/python"$1"; do
    [ -x "$p" ] && { printf '%s\n' "$p"; return 0; }
  done
  command -v "python$1"
}
here=$(cd "$(dirname "$0")" && pwd) || exit 2
# Kept from one environment to the next, and after a failure for the next attempt.
own_pip_cache=$DEST/.pip
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$own_pip_cache}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_RETRIES=8 PIP_DEFAULT_TIMEOUT=60

recipe() { # name -> "X.Y requirement..."
  case "$1" in
    tf115)     echo "3.7 tensorflow==1.15.5 protobuf<3.21 numpy<1.19 h5py<3" ;;
    tf210)     echo "3.10 tensorflow-cpu==2.10.1 numpy<2" ;;
    tf215)     echo "3.11 tensorflow-cpu==2.15.1" ;;
    tf220)     echo "3.12 tensorflow-cpu==2.20.0" ;;
    tf221)     echo "3.13 tensorflow==2.21.0" ;;
    tf220cuda) echo "3.12 tensorflow[and-cuda]==2.20.0" ;;
    tf221cuda) echo "3.13 tensorflow[and-cuda]==2.21.0" ;;
    py36)      echo "3.6" ;;
    empty312)  echo "3.12" ;;
    *) return 1 ;;
  esac
}

# Room for the wheels and what is unpacked of them, in KiB.
room() {
  case "$1" in *cuda) echo 12000000 ;; *) echo 4000000 ;; esac
}

# The wheel of TensorFlow itself lies beside the environments too: reinstalling it is the repair of many cases.
keep_wheel() { # environment requirement...
  local env=$1 r
  shift
  mkdir -p "$DEST/.wheelhouse"
  for r in "$@"; do
    case "$r" in
      *and-cuda*) ;; # too few cases for 600 MB
      tensorflow*==*)
        [ -e "$DEST/.wheelhouse/.$(basename "$env")" ] && return 0
        "$env/bin/python" -m pip download -q --no-deps --only-binary :all: -d "$DEST/.wheelhouse" "$r" >&2 &&
          : >"$DEST/.wheelhouse/.$(basename "$env")"
        ;;
    esac
  done
}

make_hollow() { # name
  case $1 in *cuda) python3 "$here/hollow_libraries.py" "$DEST/$1" ;; esac
}

count() { # dir -> KiB dists so
  local sp
  sp=$(echo "$1"/lib/python3.*/site-packages)
  printf '%s\t%s\t%s' \
    "$(du -sk "$1" | cut -f1)" \
    "$(find "$sp" -maxdepth 1 -name '*.dist-info' | wc -l)" \
    "$(find "$1" -type f \( -name '*.so' -o -name '*.so.*' \) | wc -l)"
}

rc=0
for name in "$@"; do
  r=$(recipe "$name") || { echo "unknown environment: $name" >&2; rc=1; continue; }
  d=$DEST/$name
  if [ -f "$d/.lab-done" ] && [ "$(head -n 1 "$d/.lab-done")" = "$r" ]; then
    printf '%s\tkept\t%s\t%s\n' "$name" "$(sed -n 2p "$d/.lab-done")" "$(count "$d")"
    set -f; keep_wheel "$d" $r; set +f
    make_hollow "$name" >&2
    continue
  fi
  set -f; set -- $r; set +f
  ver=$1; shift
  py=$(python_for "$ver") || { echo "$name: no python$ver found" >&2; rc=1; continue; }
  rm -rf -- "$d"
  if [ "$(df -Pk "$DEST" | awk 'NR == 2 { print $4 }')" -lt "$(room "$name")" ]; then
    echo "$name: not made, it needs $(($(room "$name") / 1000000)) GB of free disk at $DEST" >&2
    rc=1
    continue
  fi
  t0=$(date +%s)
  if "$py" -m venv "$d" >"$DEST/$name.log" 2>&1 &&
     { [ $# -eq 0 ] || "$d/bin/python" -m pip install --prefer-binary --disable-pip-version-check \
         --progress-bar off "$@" >>"$DEST/$name.log" 2>&1; } &&
     make_hollow "$name" >>"$DEST/$name.log" 2>&1; then
    t=$(( $(date +%s) - t0 ))
    printf '%s\n%s\n' "$r" "$t" >"$d/.lab-done"
    printf '%s\tbuilt\t%s\t%s\n' "$name" "$t" "$(count "$d")"
    keep_wheel "$d" "$@"
  else
    rm -rf -- "$d"
    echo "$name: failed, see $DEST/$name.log" >&2
    printf '%s\tfailed\t%s\t-\t-\t-\n' "$name" "$(( $(date +%s) - t0 ))"
    rc=1
  fi
done
[ "$rc" -ne 0 ] || rm -rf -- "$own_pip_cache"
"$here/share_files.sh" "$DEST" >&2
exit $rc
