/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim merge: the shards of a sweep become the sweep, byte for byte as if
 * one machine had run all of it. */
#include "cli/cli.h"
#include "cli/swept.h"
#include "sim/must.h"
#include "sweep/merge.h"

#include <stddef.h>
#include <stdlib.h>

struct merge_options {
    const char *output;
    struct swept_options swept;
};

static const struct option options[] = {
    { "output", 'o', OPTION_TEXT, offsetof(struct merge_options, output), 0,
      "DIR", "folder of the whole sweep" },
    SWEPT_OPTIONS(struct merge_options, swept),
    { 0 }
};

static int merge_into(const struct merge_options *o, const struct merge *m,
                      struct err *e)
{
    struct journal *j = journal_open(o->output, &m->points, e);
    size_t missing;
    if (j == NULL)
        return cli_fail(e);
    int status = EXIT_OK;
    if (!merge_copy(m, j, e) ||
        !swept_finish(&o->swept, j, &m->points, &missing, e))
        status = cli_fail(e);
    if (status == EXIT_OK && !o->swept.quiet)
        fprintf(stderr, "Results of %zu points in %s%s\n", m->points.n,
                journal_dir(j),
                o->swept.no_plots ? "" : ", pictures in its plots folder");
    journal_close(j);
    return status;
}

static int merge_run(char **argv)
{
    struct merge_options o = { 0 };
    struct text_list rest = { 0 };
    struct merge m;
    struct err e;
    err_init(&e);
    int status;
    bool ok = options_parse(options, argv, &o, &rest, &e);
    if (ok && rest.n == 0)
        ok = err_set(&e, ERR_USAGE, "merge needs the folders of the shards");
    if (ok && o.output == NULL)
        ok = err_set(&e, ERR_USAGE,
                     "merge needs a folder for the whole: -o DIR");
    if (!ok) {
        status = cli_usage("merge", &e);
    } else if (!merge_open(&m, rest.v, rest.n, &e)) {
        status = cli_fail(&e);
    } else {
        status = swept_check(&o.swept, &m.points, &e) ? merge_into(&o, &m, &e)
                                                      : cli_usage("merge", &e);
        merge_close(&m);
    }
    options_free(options, &o);
    options_list_free(&rest);
    return status;
}

const struct command command_merge = {
    .usage = "DIR... -o DIR",
    .about = "Puts the shards of a sweep together, in any order: the same "
             "sweep.csv, byte for\nbyte, as a sweep without --shard. Refuses "
             "folders of different sweeps, and says\nwhich points are "
             "missing.",
    .options = options,
    .run = merge_run,
};
