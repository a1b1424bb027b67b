/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings of real servers on disk: a folder with series.csv, requests.csv
 * and events.csv (outputs/recording.h) and, if somebody wrote one, a meta.json
 * that says what was recorded. */
#ifndef CLI_RECORDED_H
#define CLI_RECORDED_H

#include <stdbool.h>

#include "cli/options.h"
#include "sim/err.h"

struct recorded_meta {
    char *name, *mpm;  /* owned; NULL = not said */
    double duration_s; /* 0 = not said */
};

/* Reads DIR/meta.json; *M is empty, and that is no error, when there is none.
 */
bool recorded_meta_read(struct recorded_meta *m, const char *dir,
                        struct err *e);
void recorded_meta_free(struct recorded_meta *m);

/* Whether DIR is what a run leaves for one server; an error that names the
 * servers when it is the folder of the whole run. */
bool recorded_server(const char *dir, struct err *e);

/* Draws the curves of the run at DIR with those of the recording at REC over
 * them, into DIR/plots/recording-SERVER. REC is a recording, or holds one per
 * server in folders of their names; SERVER (may be NULL) picks one. ERR_USAGE
 * when nothing fits. */
bool recorded_overlay(const char *dir, const char *rec, const char *server,
                      struct err *e);

#endif
