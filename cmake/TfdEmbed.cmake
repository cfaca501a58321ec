# tfd_embed(OUT ROOT): one C source that holds every .json and .md file below ROOT as bytes, with a table sorted by
# relative path (kb/kb_data.h). OUT gets the path of the generated source; it is made anew when a data file changes.
# The folder is globbed: a new release or cause is one new file, and tests check what the files hold.
#
# Bytes become decimal integers, not a string literal: C11 promises 4095 characters, MSVC takes 65535. The work is
# done by this same file in script mode, so that nothing but CMake is needed where the tool is built.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE names RELATIVE ${ROOT} ${ROOT}/*.json ${ROOT}/*.md)
  list(SORT names)
  string(REPEAT "0x..," 20 line)
  set(arrays)
  set(rows)
  set(count 0)
  foreach(name IN LISTS names)
    file(READ ${ROOT}/${name} hex HEX)
    if(hex STREQUAL "")
      message(FATAL_ERROR "${ROOT}/${name} is empty")
    endif()
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    # 20 bytes a line: compilers and editors mind lines of a megabyte.
    string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
    string(APPEND arrays "static const unsigned char file_${count}[] = {\n${bytes}};\n")
    string(APPEND rows "    {\"${name}\", file_${count}, sizeof(file_${count})},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(WRITE ${OUT}.new "/* Generated from the data files by cmake/TfdEmbed.cmake. */\n"
    "#include \"kb/kb_data.h\"\n\n${arrays}\nconst tfd_kb_file tfd_kb_files[] = {\n${rows}};\n"
    "const size_t tfd_kb_file_count = ${count};\n")
  file(RENAME ${OUT}.new ${OUT})
  return()
endif()

set(TFD_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(tfd_embed out root)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${root}/*.json ${root}/*.md)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/kb_data.c)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DROOT=${root} -DOUT=${source} -P ${TFD_EMBED_SCRIPT}
    DEPENDS ${files} ${TFD_EMBED_SCRIPT}
    COMMENT "Embedding ${root}"
    VERBATIM)
  set(${out} ${source} PARENT_SCOPE)
endfunction()
