/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim plot DIR: draws the pictures of a finished run again, from the
 * scripts that the run left in DIR/plots; with --recording also what a real
 * server did, over what the simulated one did. */
#include "cli/cli.h"
#include "cli/outdir.h"
#include "cli/recorded.h"
#include "outputs/plots.h"
#include "sweep/journal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct plot_options {
    const char *recording, *server;
};

#define O(field) offsetof(struct plot_options, field)
static const struct option options[] = {
    { "recording", 0, OPTION_TEXT, O(recording), 0, "REC",
      "draw this recording over the run" },
    { "server", 0, OPTION_TEXT, O(server), 0, "NAME",
      "the server of the run that was recorded" },
    { 0 }
};
#undef O

static bool draw(const struct plot_options *o, const char *dir, struct err *e)
{
    if (access(dir, F_OK) != 0)
        return err_at(e, ERR_IO, dir, 0, 0, NULL, "%s", strerror(errno));
    if (!outdir_is_ours(dir) && !journal_is_sweep(dir))
        return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                      "is not the folder of a run (it holds no .mpmsim)");
    if (o->recording != NULL &&
        !recorded_overlay(dir, o->recording, o->server, e))
        return false;
    return plots_draw(dir, dir, e);
}

static int plot_run(char **argv)
{
    struct plot_options o = { 0 };
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    int status = EXIT_OK;
    bool ok = options_parse(options, argv, &o, &rest, &e);
    if (ok && rest.n != 1)
        ok = err_set(&e, ERR_USAGE, "plot needs the folder of a run");
    if (ok && o.server != NULL && o.recording == NULL)
        ok = err_set(&e, ERR_USAGE, "--server needs --recording REC");
    if (!ok)
        status = cli_usage("plot", &e);
    else if (!draw(&o, rest.v[0], &e))
        status = cli_fail(&e);
    else
        printf("%s/plots\n", rest.v[0]);
    options_list_free(&rest);
    return status;
}

const struct command command_plot = {
    .usage = "DIR [options]",
    .about = "Runs gnuplot on every script in DIR/plots; each leaves a PNG and "
             "an SVG\nbeside it. Needs gnuplot (Debian: gnuplot-nox). With "
             "--recording there is one more\npicture per recorded server, "
             "recording-SERVER: what a real server did (REC: its\nfolder, "
             "or one that holds a folder per server) as a dashed line over "
             "what the\nsimulated one did.",
    .options = options,
    .run = plot_run,
};
