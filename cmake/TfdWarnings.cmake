# Interface target tfd_warnings: the warnings and sanitizers that every target of ours is built with.
add_library(tfd_warnings INTERFACE)
if(MSVC)
  # C4204, C4221: initializers that C99 allows; C4127: conditions that are constant in one build.
  target_compile_options(tfd_warnings INTERFACE /W4 /permissive- /utf-8 /wd4127 /wd4204 /wd4221
    $<$<BOOL:${TFDIAG_WERROR}>:/WX>)
  target_compile_definitions(tfd_warnings INTERFACE _CRT_SECURE_NO_WARNINGS)
else()
  target_compile_options(tfd_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wvla $<$<BOOL:${TFDIAG_WERROR}>:-Werror>)
endif()
if(TFDIAG_SANITIZE)
  target_compile_options(tfd_warnings INTERFACE -fsanitize=${TFDIAG_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  target_link_options(tfd_warnings INTERFACE -fsanitize=${TFDIAG_SANITIZE})
  # One malloc for each object of an arena, so that sanitizers see every overrun.
  target_compile_definitions(tfd_warnings INTERFACE TFD_ARENA_EXACT)
endif()
if(TFDIAG_FUZZ) # libFuzzer sees which branches of the parsers its input reaches
  target_compile_options(tfd_warnings INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(tfd_warnings INTERFACE -fsanitize=fuzzer-no-link)
endif()
