/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/table.h"

#include <stdlib.h>
#include <string.h>

void table_field(struct sink *s, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        sink_text(s, text);
        return;
    }
    sink_char(s, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            sink_char(s, '"');
        sink_char(s, *p);
    }
    sink_char(s, '"');
}

void table_begin(struct sink *s, const struct points *p)
{
    sink_text(s, "point,");
    for (size_t c = 0; c < p->ncolumns; c++) {
        table_field(s, p->columns[c]);
        sink_char(s, ',');
    }
    sink_text(s, "server,mpm,runs,metric,mean,ci95_low,ci95_high\n");
}

void table_add(struct sink *s, const struct points *p, size_t i,
               const struct result *r)
{
    struct arena *a = arena_new();
    struct sink head;
    sink_string(&head);
    sink_format(&head, "%zu,", i + 1);
    for (size_t c = 0; c < p->ncolumns; c++) {
        table_field(&head, points_label(points_set(p, i, c), a));
        sink_char(&head, ',');
    }
    for (size_t k = 0; k < r->n; k++) {
        sink_bytes(s, head.buf, head.len);
        sink_bytes(s, r->rows[k].fields, r->rows[k].len);
        sink_char(s, '\n');
    }
    char *text = sink_take(&head);
    arena_free(a);
    free(text);
}
