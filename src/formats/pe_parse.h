/* What the parts of the PE reader share; nobody else includes it. */
#ifndef TFD_FORMATS_PE_PARSE_H
#define TFD_FORMATS_PE_PARSE_H

#include "base/cur.h"
#include "formats/pe.h"

/* Notes what is wrong with the image; the first note stays. Gives TFD_OK: a bad file is an answer. */
tfd_status tfd_pe_say_bad(tfd_pe *pe, tfd_pe_state state, tfd_str why);
/* len bytes at an address as a cursor; false if the file does not bring them all. */
bool tfd_pe_view(tfd_reader *reader, const tfd_pe *pe, uint32_t rva, size_t len, tfd_cur *out);
/* The NUL-ended string at an address, with the life of tfd_reader_string. */
bool tfd_pe_string(tfd_reader *reader, const tfd_pe *pe, uint32_t rva, tfd_str *out);
/* TFD_EIO if the machine failed meanwhile, else TFD_EFORMAT: what a table that cannot be read comes from. */
tfd_status tfd_pe_bad_table(const tfd_reader *reader, tfd_err *err);
/* What a row of the table of functions says. */
tfd_status tfd_pe_read_function(tfd_reader *reader, const tfd_pe *pe, uint32_t index, tfd_pe_export *out,
                                tfd_err *err);

#endif
