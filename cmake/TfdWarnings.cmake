# Interface target tfd_warnings: the warnings and sanitizers that every target of ours is built with.
add_library(tfd_warnings INTERFACE)
if(MSVC)
  target_compile_options(tfd_warnings INTERFACE /W4 /permissive- /utf-8 $<$<BOOL:${TFDIAG_WERROR}>:/WX>)
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
