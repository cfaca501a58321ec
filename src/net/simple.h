/* A project's page of an index: PEP 691 (JSON) and PEP 503 (HTML), and what PEP 592, 658, 700 and 714 added;
 * and the names of its files (PEP 427, PEP 625). Pure: bytes in, rows out; every byte is hostile. */
#ifndef TFD_NET_SIMPLE_H
#define TFD_NET_SIMPLE_H

#include "net/index.h"

/* Values in one JSON page; a project of 10,000 files has 150,000. */
#define TFD_SIMPLE_VALUES_MAX 1500000u

/* Appends the files of a page to out->items; url is the page's own. TFD_EFORMAT: no such page. TFD_ELIMIT,
 * TFD_ENOMEM. */
tfd_status tfd_simple_read_json(tfd_arena *arena, tfd_str page, tfd_str url, size_t address,
                                tfd_index_project *out, tfd_err *err);
/* A page without any link is one only where it says so (it has a title, heading or body of HTML). */
tfd_status tfd_simple_read_html(tfd_arena *arena, tfd_str page, tfd_str url, size_t address,
                                tfd_index_project *out, tfd_err *err);
/* Sets form, version and tags of a file from its name; key: PEP 503 name of the project. Wheels of another
 * project become TFD_INDEX_OTHER. */
void tfd_simple_read_name(tfd_arena *arena, tfd_str key, tfd_index_file *file);
/* Appends a row; false at the arena's limit, or past TFD_INDEX_FILES_MAX rows. */
bool tfd_simple_add(tfd_arena *arena, tfd_index_project *out, const tfd_index_file *file);
/* PEP 503: lower case, runs of '-', '_' and '.' become one '-'. */
tfd_str tfd_simple_key(tfd_arena *arena, tfd_str name);

#endif
