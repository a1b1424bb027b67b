/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim plot DIR: draws the pictures of a finished run again, from the
 * scripts that the run left in DIR/plots. */
#include "cli/cli.h"
#include "cli/outdir.h"
#include "outputs/plots.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = { { 0 } };

static bool draw(const char *dir, struct err *e)
{
    if (access(dir, F_OK) != 0)
        return err_at(e, ERR_IO, dir, 0, 0, NULL, "%s", strerror(errno));
    if (!outdir_is_ours(dir))
        return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                      "is not the folder of a run (it holds no .mpmsim)");
    return plots_draw(dir, e);
}

static int plot_run(char **argv)
{
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status = EXIT_OK;
    bool ok = options_parse(options, argv, NULL, &rest, &e);
    if (ok && rest.n != 1)
        ok = err_set(&e, ERR_USAGE, "plot needs the folder of a run");
    if (!ok)
        status = cli_usage("plot", &e);
    else if (!draw(rest.v[0], &e))
        status = cli_fail(&e);
    else
        printf("%s/plots\n", rest.v[0]);
    options_list_free(&rest);
    return status;
}

const struct command command_plot = {
    .usage = "DIR",
    .about = "Runs gnuplot on every script in DIR/plots; each leaves a PNG and "
             "an SVG\nbeside it. Needs gnuplot (Debian: gnuplot-nox).",
    .options = options,
    .run = plot_run,
};
