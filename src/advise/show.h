/* The advice as text and as JSON. Text of the machine is masked and escaped here, as in reports. */
#ifndef TFD_ADVISE_SHOW_H
#define TFD_ADVISE_SHOW_H

#include "advise/advise.h"
#include "render/render.h"

void tfd_advise_show_text(const tfd_advice *advice, const tfd_style *style, bool verbose, tfd_buf *out);
/* tfdiag.advice/1 (docs/advice.schema.json). */
void tfd_advise_show_json(const tfd_advice *advice, const tfd_style *style, tfd_buf *out);

#endif
