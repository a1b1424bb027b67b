/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a line of an access log. */
#include "workloads/logline.h"

#include <stdint.h>

#include "sim/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct logline l = { .column = 0 };
    enum logline_why why = logline_parse((const char *)data, size, &l);
    if (why > LOGLINE_SILENT) {
        must(l.column >= 1 && l.column <= size + 1);
        must(logline_why_text[why] != NULL);
        return 0;
    }
    must(l.bytes >= 0 && l.bytes < 10000000000000000);
    must(l.status == 0 || (l.status >= 100 && l.status <= 599));
    must(l.http >= 0 && l.http <= 99);
    return 0;
}
