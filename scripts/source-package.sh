#!/bin/sh
# scripts/source-package.sh NAME[=VERSION]...: prints, one a line, the folders that hold the sources of the distribution's
# packages NAME with the distribution's patches applied. What is in the cache folder already is not fetched again:
#   ${TFDIAG_SOURCES:-${XDG_CACHE_HOME:-$HOME/.cache}/tfdiag-sources}
# For libraries that the distribution offers as shared objects only. VERSION is a wish: archives keep the newest alone.
#
# Needs no root: the sources that apt is configured with are asked for deb-src in folders of our own, the system's lists
# and settings stay as they are. apt checks signatures and sums as for any package. Exit code 0 or 1.
set -u
me=scripts/source-package.sh

say() { printf '%s\n' "$*" >&2; }
die() { say "$me: $*"; exit 1; }

cache=${TFDIAG_SOURCES:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/tfdiag-sources}
case $cache in
  /.cache/*) die "HOME is not set, and TFDIAG_SOURCES names no folder" ;;
  /*) ;;
  *) cache=$PWD/$cache ;;
esac
# A home folder may be shared by machines of several releases.
release=$(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}")
store=$cache/${release:-unknown}
work=

# Copies the configured sources as deb-src: one-line format (sources.list(5)) and deb822 stanzas.
write_sources() {
  mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial" || return 1
  n=0
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$f" ] || continue
    n=$((n + 1))
    sed -n '/cdrom:/d; s/^[[:space:]]*deb[[:space:]]/deb-src /p' "$f" >"$work/parts/$n.list"
  done
  for f in /etc/apt/sources.list.d/*.sources; do
    [ -r "$f" ] || continue
    n=$((n + 1))
    sed 's/^[Tt]ypes:.*/Types: deb-src/' "$f" >"$work/parts/$n.sources"
  done
  [ "$n" -gt 0 ]
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/parts" \
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Get::AllowUnauthenticated=false "$@" \
    </dev/null >>"$work/log" 2>&1
}

# Fetches the lists once; a foreign source that has no source packages fails here and does not matter.
prepare() {
  [ -z "$work" ] || return 0
  command -v apt-get >/dev/null 2>&1 || die "there is no apt-get here"
  command -v patch >/dev/null 2>&1 || die "patch is missing"
  mkdir -p "$store" || die "cannot write to $store"
  work=$(mktemp -d "$store/.new.XXXXXX") || die "cannot write to $store"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  write_sources || die "apt is configured with no sources"
  apt update
}

# extract ARCHIVE: in the current folder. CMake reads every compression, tar only those whose program is installed.
extract() { cmake -E tar xf "$1" 2>>"$work/log" || tar xf "$1" 2>>"$work/log"; }

# The formats of dpkg-source(1): 3.0 (quilt) with debian/patches/series, 1.0 with one diff.
apply_patches() {
  for diff in "$work/package"/*.diff.gz; do
    [ -f "$diff" ] || continue
    gzip -dc "$diff" | patch -s -p1 >>"$work/log" 2>&1 || return 1
  done
  [ -f debian/patches/series ] || return 0
  sed 's/[[:space:]]*#.*//; s/[[:space:]].*//; /^$/d' debian/patches/series >"$work/series"
  while read -r p; do
    patch -s -p1 <"debian/patches/$p" >>"$work/log" 2>&1 || return 1
  done <"$work/series"
}

# fetch NAME VERSION FOLDER: the folder appears only when all is in it.
fetch() {
  rm -rf "$work/package"
  mkdir -p "$work/package/tree" || return 1
  cd "$work/package" || return 1
  { [ -n "$2" ] && apt source --download-only "$1=$2"; } || apt source --download-only "$1" || return 1
  orig=
  for f in ./*.tar.*; do
    case $f in
      *.asc | *.debian.tar.*) ;;
      *) orig=$work/package/$f ;;
    esac
  done
  cd tree || return 1
  extract "$orig" || return 1
  set -- "$1" "$2" "$3" */
  # The archive may or may not hold one folder with all in it.
  if [ $# = 4 ] && [ -d "$4" ]; then cd "$4" || return 1; fi
  for debian in "$work/package"/*.debian.tar.*; do
    [ ! -f "$debian" ] || extract "$debian" || return 1
  done
  apply_patches || return 1
  [ -d "$3" ] || mv "$PWD" "$3"
}

[ $# -gt 0 ] || die "which package?"
for wanted in "$@"; do
  name=${wanted%%=*}
  version=${wanted#"$name"}
  version=${version#=}
  folder=$store/$name${version:+_$version}
  if [ ! -d "$folder" ]; then
    prepare
    (fetch "$name" "$version" "$folder") || {
      tail -n 10 "$work/log" >&2
      die "the source of $name could not be fetched"
    }
  fi
  printf '%s\n' "$folder"
done
