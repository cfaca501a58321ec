# What scripts/run and scripts/test share: finding and installing packages, configuring, building.
# Sourced by POSIX shells; $top is the project's folder. Everything said here goes to standard error.

say() { printf '%s\n' "$*" >&2; }
die() { say "$me: $*"; exit "${status:-3}"; }

missing=

# want PACKAGE PROBE...: PACKAGE is missing unless the probe succeeds.
want() {
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has() { command -v "$1"; }
has_library() { pkg-config --exists "$1"; }
has_module() { "$(system_python)" -c "import $1"; }
compiles() { printf 'int main(void){return 0;}\n' | "$1" -x c -o /dev/null "${2:--O0}" -; }

# The Python that Debian's python3-* packages belong to; another one may stand first on PATH.
system_python() {
  if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else command -v python3 || echo python3; fi
}

# Installs $missing with apt-get, as root or through sudo, or says what a person has to do.
install_missing() {
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    die "missing:$missing (Debian's names); there is no apt-get here, so install them with this system's package manager"
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
  else
    die "missing packages. Neither root nor sudo: have an administrator run: apt-get install$missing"
  fi
  say "$me: installing$missing"
  log=$(mktemp) || die "no temporary file can be made"
  # shellcheck disable=SC2086 # the list is words
  if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
         $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing; } \
       </dev/null >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    rm -f "$log"
    die "apt-get could not install:$missing"
  fi
  rm -f "$log"
  missing=
}

want_build() {
  want gcc compiles cc
  want libc6-dev compiles cc
  want cmake has cmake
  want ninja-build has ninja
  want pkg-config has pkg-config
  want libuv1-dev has_library libuv
  want libcjson-dev has_library libcjson
  want libssl-dev has_library libcrypto
  want zlib1g-dev has_library zlib
  want libcurl4-openssl-dev has_library libcurl
}

want_tests() {
  want_build
  want libcmocka-dev has_library cmocka
  want python3 test -x /usr/bin/python3
  want python3-jsonschema has_module jsonschema
  want python3-packaging has_module packaging
  want strace has strace
  want musl-tools has musl-gcc
  want mandoc has mandoc
  want openssl has openssl
  want tinyproxy-bin has tinyproxy
  want python3-venv has_module ensurepip
}

# pypiserver and devpi for the tests of the index client, in build/pypiserver. A wish: without one its test is skipped, and
# says so.
want_pypiserver() {
  [ -x "$top/build/pypiserver/bin/devpi-server" ] && return 0
  mkdir -p "$top/build" && "$(system_python)" -m venv "$top/build/pypiserver" >/dev/null 2>&1 &&
    "$top/build/pypiserver/bin/python" -m pip -q install pypiserver devpi-server >/dev/null 2>&1 </dev/null ||
    say "$me: going on without pypiserver or devpi"
}

# The real environments: virtual environments, an emulated processor, private mounts and limits.
want_real() {
  want_tests
  want python3-venv has_module ensurepip
  want qemu-user has qemu-x86_64
  want binutils has strip
  want util-linux has setpriv
}

# Windows programs made by MinGW-w64 and run by Wine. The libraries come as sources.
want_mingw() {
  want gcc-mingw-w64-x86-64 has x86_64-w64-mingw32-gcc
  want binutils-mingw-w64-x86-64 has x86_64-w64-mingw32-objdump
  want libz-mingw-w64-dev test -f /usr/x86_64-w64-mingw32/lib/libz.a
  want wine has wine
  want patch has patch
}

# And what the laboratory with real trees is made with.
want_wine() {
  want_mingw
  want maven has mvn
  want default-jre-headless has java
  want unzip has unzip
}

want_clang() {
  want clang has clang
  want clang-format has clang-format
  want clang-tidy has clang-tidy
}

# clang's sanitizer run-time is a package of its own on some releases, named after clang's version.
want_clang_runtime() {
  compiles clang -fsanitize=address >/dev/null 2>&1 && return 0
  missing="$missing libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

# build PRESET [TARGET]: configures once, builds; the output is shown only where it fails.
build() {
  mkdir -p "$top/build" || die "cannot write to $top/build"
  log=$top/build/$1.log
  # Not configured yet, or before there was a choice between a static and a dynamic program.
  fresh=
  [ -f "$top/build/$1/build.ninja" ] && grep -q '^TFDIAG_STATIC:' "$top/build/$1/CMakeCache.txt" || fresh=yes
  cjson=
  curl=
  cmocka=
  if [ -n "$fresh" ]; then
    case $1 in
      release) want_static ;;
      mingw)
        cjson=$("$top/scripts/source-package.sh" cjson) || die "the source of cJSON is needed"
        curl=$("$top/scripts/source-package.sh" curl) || say "$me: going on without libcurl"
        cmocka=$("$top/scripts/source-package.sh" cmocka) || die "the source of cmocka is needed"
        ;;
    esac
  fi
  if ! build_locked "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    die "building the preset $1 failed (the log above is $log)"
  fi
  if [ -n "$fresh" ] && grep '^tfdiag: ' "$log" >&2; then
    say "$me: to try again: rm -r $top/build/$1"
  fi
}

# Installs what the static program needs and sets $cjson to a folder with the source of cJSON, of which Debian has no
# static library. All of it is a wish: without network, apt-get or rights the program becomes a dynamic one.
want_static() {
  command -v apt-get >/dev/null 2>&1 || return 0
  folder=$(pkg-config --variable=libdir libcrypto)
  want_cjson=
  [ -f "$(pkg-config --variable=libdir libcjson)/libcjson.a" ] || want_cjson=yes
  # In a shell of its own, where a failure ends nothing.
  (
    [ -z "$want_cjson" ] || want patch has patch
    # From OpenSSL 3.2 on libcrypto may compress certificates.
    for flag in $(pkg-config --static --libs libcrypto); do
      case $flag in
        -lzstd) want libzstd-dev test -f "$folder/libzstd.a" ;;
      esac
    done
    install_missing
  ) || say "$me: going on without them"
  [ -n "$want_cjson" ] && command -v patch >/dev/null 2>&1 || return 0
  version=$(dpkg-query -W -f '${source:Version}' libcjson-dev 2>/dev/null)
  cjson=$("$top/scripts/source-package.sh" "cjson${version:+=$version}") || cjson=
}

build_locked() {
  (
    cd "$top" || exit 1
    if command -v flock >/dev/null 2>&1; then
      exec 9>"build/$1.lock"
      flock 9
    fi
    if [ -n "$fresh" ]; then
      cmake --preset "$1" "-DPython3_EXECUTABLE=$(system_python)" ${cjson:+"-DTFDIAG_CJSON_SOURCE=$cjson"} \
        ${curl:+"-DTFDIAG_CURL_SOURCE=$curl"} ${cmocka:+"-DTFDIAG_CMOCKA_SOURCE=$cmocka"} || exit 1
    fi
    cmake --build "build/$1" ${2:+--target "$2"}
  )
}
