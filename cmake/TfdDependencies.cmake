# Interface targets tfd_cjson, tfd_uv, tfd_crypto, tfd_curl and tfd_zlib: the libraries that tfdiag stands on; and
# TFD_STATIC_LINK, the link options that make it one static program, empty where it becomes a dynamic one.
#
# TFDIAG_STATIC asks for the static program. It is a wish: where a static library is missing the build says so and goes on.
# Debian has no static cJSON; TFDIAG_CJSON_SOURCE names a folder with cJSON.c and cJSON.h instead
# (scripts/source-package.sh cjson prints one).
#
# On Windows the libraries come from vcpkg, or cJSON from TFDIAG_CJSON_SOURCE and libcurl from TFDIAG_CURL_SOURCE. Threads
# and hashes are the system's there, so libuv and libcrypto are not needed.
add_library(tfd_cjson INTERFACE)
add_library(tfd_uv INTERFACE)
add_library(tfd_crypto INTERFACE)
add_library(tfd_curl INTERFACE)
add_library(tfd_zlib INTERFACE)
# TFD_HAS_CURL: the transfer program can be built. Without it everything but --online works.
set(TFD_HAS_CURL OFF)

# cJSON out of TFDIAG_CJSON_SOURCE, seen as <cjson/cJSON.h> like an installed one.
function(build_cjson)
  set(include ${CMAKE_BINARY_DIR}/cjson/include)
  configure_file(${TFDIAG_CJSON_SOURCE}/cJSON.h ${include}/cjson/cJSON.h COPYONLY)
  configure_file(${TFDIAG_CJSON_SOURCE}/cJSON.c ${include}/cjson/cJSON.c COPYONLY)
  add_library(cjson_source STATIC ${include}/cjson/cJSON.c)
  set_target_properties(cjson_source PROPERTIES POSITION_INDEPENDENT_CODE ON)
  # CJSON_HIDE_SYMBOLS: no dllexport on Windows.
  target_compile_definitions(cjson_source PUBLIC CJSON_HIDE_SYMBOLS)
  target_include_directories(cjson_source PUBLIC ${include})
  target_link_libraries(tfd_cjson INTERFACE cjson_source)
endfunction()

# libcurl out of TFDIAG_CURL_SOURCE: HTTP alone, encrypted by the system (Schannel).
function(build_curl)
  include(ExternalProject)
  set(build ${CMAKE_BINARY_DIR}/curl)
  ExternalProject_Add(curl_source SOURCE_DIR ${TFDIAG_CURL_SOURCE} BINARY_DIR ${build} PREFIX ${build} INSTALL_COMMAND ""
    BUILD_BYPRODUCTS ${build}/lib/libcurl.a
    CMAKE_ARGS -DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE} -DCMAKE_BUILD_TYPE=Release -DENABLE_UNICODE=ON
      -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER} -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF
      -DENABLE_MANUAL=OFF -DHTTP_ONLY=ON -DCURL_USE_SCHANNEL=ON -DCURL_USE_OPENSSL=OFF -DCURL_USE_LIBSSH2=OFF
      -DCURL_USE_LIBPSL=OFF -DCURL_ZLIB=OFF -DUSE_LIBIDN2=OFF)
  add_dependencies(tfd_curl curl_source)
  target_compile_definitions(tfd_curl INTERFACE CURL_STATICLIB)
  target_include_directories(tfd_curl INTERFACE ${TFDIAG_CURL_SOURCE}/include)
  target_link_libraries(tfd_curl INTERFACE ${build}/lib/libcurl.a ws2_32 crypt32 bcrypt advapi32)
endfunction()

if(WIN32)
  if(TFDIAG_CJSON_SOURCE)
    build_cjson()
  else()
    find_package(cJSON CONFIG REQUIRED)
    target_link_libraries(tfd_cjson INTERFACE cjson)
  endif()
  if(MINGW)
    set(CMAKE_FIND_LIBRARY_SUFFIXES .a) # libz.a before libz.dll.a, which asks for zlib1.dll
  endif()
  find_package(ZLIB REQUIRED)
  target_link_libraries(tfd_zlib INTERFACE ZLIB::ZLIB)
  target_link_libraries(tfd_crypto INTERFACE bcrypt advapi32)
  if(TFDIAG_WITH_CURL AND TFDIAG_CURL_SOURCE)
    build_curl()
    set(TFD_HAS_CURL ON)
  elseif(TFDIAG_WITH_CURL)
    find_package(CURL CONFIG QUIET)
    if(CURL_FOUND)
      target_link_libraries(tfd_curl INTERFACE CURL::libcurl)
      set(TFD_HAS_CURL ON)
    else()
      message(NOTICE "tfdiag: libcurl is missing, so --online will not work")
    endif()
  endif()
  if(MINGW)
    # printf and its kin as C99 has them: msvcrt.dll's lack %zu. No DLL of the compiler's is needed to run.
    add_compile_definitions(__USE_MINGW_ANSI_STDIO=1)
    add_link_options(-static $<$<CONFIG:Release>:-s>)
  endif()
  return()
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
if(TFDIAG_WITH_CURL)
  pkg_check_modules(CURL QUIET IMPORTED_TARGET libcurl>=7.66)
  if(CURL_FOUND)
    target_link_libraries(tfd_curl INTERFACE PkgConfig::CURL)
    set(TFD_HAS_CURL ON)
  else()
    message(NOTICE "tfdiag: libcurl is missing (Debian: libcurl4-openssl-dev), so --online will not work")
  endif()
endif()

set(TFD_STATIC_LINK)
set(TFD_SEAL ${CMAKE_SOURCE_DIR}/src/sys/static/seal.c)
set(SEALED dlopen getaddrinfo gethostbyname getpwuid_r getgrgid_r) # what seal.c replaces
list(TRANSFORM SEALED PREPEND "-Wl,--wrap=")

# Finds the static libraries, and links and seals a small program with them: some distributions have libraries that
# ask for more than their pkg-config files tell. OUT gets what is missing, empty if all is there.
function(find_static out)
  pkg_get_variable(UV_LIBDIR libuv libdir)
  pkg_get_variable(CRYPTO_LIBDIR libcrypto libdir)
  find_library(TFD_STATIC_uv NAMES libuv_a.a libuv.a HINTS ${UV_LIBDIR}) # the first name is Debian's
  set(libs)
  set(missing)
  foreach(name uv crypto z ${UV_STATIC_LIBRARIES} ${CRYPTO_STATIC_LIBRARIES})
    find_library(TFD_STATIC_${name} NAMES lib${name}.a HINTS ${CRYPTO_LIBDIR})
    mark_as_advanced(TFD_STATIC_${name})
    if(TFD_STATIC_${name})
      list(APPEND libs ${TFD_STATIC_${name}})
    else()
      list(APPEND missing "a static lib${name}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES libs)
  list(REMOVE_DUPLICATES missing)
  if(NOT TARGET cjson_source AND NOT TFD_CJSON_A)
    list(APPEND missing "a static libcjson (scripts/source-package.sh cjson fetches its source for -DTFDIAG_CJSON_SOURCE=…)")
  endif()
  if(NOT missing)
    set(TFD_STATIC_LIBS ${libs} CACHE INTERNAL "what a static tfdiag is linked with")
    foreach(mode -static-pie -static)
      string(MAKE_C_IDENTIFIER "TFD_LINKS${mode}" works)
      try_compile(${works} ${CMAKE_BINARY_DIR}/try${mode}
        SOURCES ${CMAKE_SOURCE_DIR}/cmake/try_static.c ${TFD_SEAL}
        CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${UV_INCLUDE_DIRS};${CRYPTO_INCLUDE_DIRS}"
        COMPILE_DEFINITIONS -fPIE
        LINK_OPTIONS ${mode} ${SEALED}
        LINK_LIBRARIES ${libs} Threads::Threads)
      if(${works})
        set(TFD_STATIC_LINK ${mode} ${SEALED} PARENT_SCOPE)
        break()
      endif()
    endforeach()
    if(NOT ${works})
      list(APPEND missing "a C library and compiler that link statically")
    endif()
  endif()
  list(JOIN missing ", " missing)
  set(${out} "${missing}" PARENT_SCOPE)
endfunction()

if(TFDIAG_CJSON_SOURCE)
  build_cjson()
else()
  pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
  pkg_get_variable(CJSON_LIBDIR libcjson libdir)
  find_library(TFD_CJSON_A NAMES libcjson.a HINTS ${CJSON_LIBDIR})
  mark_as_advanced(TFD_CJSON_A)
endif()

set(without)
if(TFDIAG_STATIC AND NOT WIN32 AND NOT APPLE)
  find_static(without)
  if(without)
    message(NOTICE "tfdiag: dynamic build, which a broken LD_LIBRARY_PATH can break; for a static one is missing: ${without}")
  endif()
endif()

if(TFD_STATIC_LINK)
  add_compile_options(-fPIE)
  if(NOT TARGET cjson_source)
    target_include_directories(tfd_cjson INTERFACE ${CJSON_INCLUDE_DIRS})
    target_link_libraries(tfd_cjson INTERFACE ${TFD_CJSON_A})
  endif()
  target_include_directories(tfd_uv INTERFACE ${UV_INCLUDE_DIRS})
  target_include_directories(tfd_crypto INTERFACE ${CRYPTO_INCLUDE_DIRS})
  target_include_directories(tfd_zlib INTERFACE ${ZLIB_INCLUDE_DIRS})
  target_link_libraries(tfd_uv INTERFACE ${TFD_STATIC_LIBS} Threads::Threads)
else()
  if(NOT TARGET cjson_source)
    target_link_libraries(tfd_cjson INTERFACE PkgConfig::CJSON)
  endif()
  target_link_libraries(tfd_uv INTERFACE PkgConfig::UV Threads::Threads)
  target_link_libraries(tfd_crypto INTERFACE PkgConfig::CRYPTO)
  target_link_libraries(tfd_zlib INTERFACE PkgConfig::ZLIB)
endif()
