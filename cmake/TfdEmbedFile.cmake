# tfd_embed_file(TARGET FILE SYMBOL): the bytes of FILE as `const unsigned char SYMBOL[]` and `const size_t SYMBOL_len` in
# a generated source of TARGET.
function(tfd_embed_file target file symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed_${symbol}.c)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REPEAT "0x..," 20 line)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
  file(CONFIGURE OUTPUT ${out} CONTENT "#include <stddef.h>
extern const unsigned char ${symbol}[];
extern const size_t ${symbol}_len;
const unsigned char ${symbol}[] = {\n${bytes}0};
const size_t ${symbol}_len = sizeof(${symbol}) - 1;
" @ONLY)
  target_sources(${target} PRIVATE ${out})
endfunction()
