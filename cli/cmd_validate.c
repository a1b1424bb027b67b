/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mpmsim validate RUN RECORDING: how close a server of a run came to a
 * recording of a real one, metric by metric. */
#include "cli/cli.h"
#include "cli/recorded.h"
#include "outputs/compare.h"
#include "sim/must.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct validate_options {
    struct text_list kind;
    bool json, quiet, misses;
};

#define O(field) offsetof(struct validate_options, field)
static const struct option options[] = {
    { "kind", 0, OPTION_NAMES, O(kind), 0, "KIND,...",
      "recycle, backlog, cpu-bound, mix, action, php-fpm" },
    { "misses", 0, OPTION_FLAG, O(misses), 0, NULL,
      "only what is outside, worst first" },
    { "json", 0, OPTION_FLAG, O(json), 0, NULL, "print JSON" },
    { "quiet", 'q', OPTION_FLAG, O(quiet), 0, NULL, "only the last line" },
    { 0 }
};
#undef O

static bool read_kinds(const struct text_list *names, unsigned *kinds,
                       struct err *e)
{
    size_t n = 0;
    while (compare_kind_names[n] != NULL)
        n++;
    for (size_t i = 0; i < names->n; i++) {
        size_t k = 0;
        while (k < n && strcmp(names->v[i], compare_kind_names[k]) != 0)
            k++;
        if (k < n) {
            *kinds |= 1u << k;
            continue;
        }
        const char *near = err_nearest(names->v[i], compare_kind_names, n);
        return err_set(e, ERR_USAGE, "there is no kind of traffic \"%s\"%s%s%s",
                       names->v[i], near ? "; did you mean \"" : "",
                       near ? near : "", near ? "\"?" : "");
    }
    return true;
}

/* Whether the run at DIR wrote what REC has. */
static bool fits(const struct recording *rec, const struct recording *run,
                 const char *dir, struct err *e)
{
    if (rec->has_requests && !run->has_requests)
        return err_at(e, ERR_IO, dir, 0, 0, NULL,
                      "holds no requests.csv, but the recording does; run "
                      "with --set outputs.requests=true");
    if (rec->n > 0 && run->n == 0)
        return err_at(e, ERR_IO, dir, 0, 0, NULL,
                      "holds no series.csv, but the recording does");
    return true;
}

static int print(const struct validate_options *o, const struct compare *c,
                 const struct recorded_meta *meta)
{
    if (o->json) {
        char *json = compare_json(c, meta->name, meta->mpm);
        fputs(json, stdout);
        free(json);
    } else {
        if (!o->quiet)
            compare_table(stdout, c, !o->misses, cli_colour(stdout));
        printf("%zu of %zu metrics within tolerance\n", c->within, c->n);
    }
    return c->within == c->n ? EXIT_OK : EXIT_CHECK;
}

/* A recording without a single figure must not pass for a good one. */
static int nothing(const char *dir, struct err *e)
{
    err_at(e, ERR_CONTENT, dir, 0, 0, NULL,
           "holds nothing that can be compared: no column that series.csv of a "
           "run has too, with numbers, and no request");
    return cli_fail(e);
}

static int validate(const struct validate_options *o, const char *run_dir,
                    const char *rec_dir, struct err *e)
{
    struct recording rec = { 0 }, run = { 0 };
    struct recorded_meta meta = { 0 };
    struct compare_opts co = { 0 };
    int status;
    if (!read_kinds(&o->kind, &co.kinds, e))
        return cli_usage("validate", e);
    if (recorded_server(run_dir, e) && recording_read(&rec, rec_dir, e) &&
        recorded_meta_read(&meta, rec_dir, e) &&
        recording_read(&run, run_dir, e) && fits(&rec, &run, run_dir, e)) {
        struct compare c;
        co.kinds |= meta.name ? compare_kinds(meta.name) : 0;
        co.mpm = meta.mpm;
        co.duration_s =
            meta.duration_s > 0 ? meta.duration_s : floor(recording_end(&rec));
        co.processes_until_s = compare_processes_until(
            meta.name ? meta.name : "", meta.mpm, co.duration_s);
        compare_init(&c, &rec, &run, &co);
        status = c.n > 0 ? print(o, &c, &meta) : nothing(rec_dir, e);
        compare_free(&c);
    } else
        status = cli_fail(e);
    recorded_meta_free(&meta);
    recording_free(&rec);
    recording_free(&run);
    return status;
}

static int run_validate(char **argv)
{
    struct validate_options o = { 0 };
    struct text_list rest = { 0 };
    struct err e;
    err_init(&e);
    bool ok = options_parse(options, argv, &o, &rest, &e);
    if (ok && rest.n != 2)
        ok = err_set(&e, ERR_USAGE,
                     "validate needs a server of a run and a recording: "
                     "mpmsim validate out/NAME/SERVER RECORDING");
    int status =
        ok ? validate(&o, rest.v[0], rest.v[1], &e) : cli_usage("validate", &e);
    options_free(options, &o);
    options_list_free(&rest);
    return status;
}

const struct command command_validate = {
    .usage = "RUN RECORDING [options]",
    .about =
        "Compares a server of a run (the folder out/NAME/SERVER) with a "
        "recording of a\nreal one: a folder with series.csv, requests.csv and "
        "events.csv in the same\nformat. Prints every metric, what was "
        "recorded, what was simulated and what is\nallowed. What the "
        "recording does not have is not compared. Where real servers\nscatter "
        "more, tolerances are wider: a recording's meta.json (case, mpm,\n"
        "duration_s) or --kind says what kind of traffic it is. Run the "
        "scenario with\noutputs.requests=true and the recording's interval "
        "(50ms). Exit 1 when a metric\nis outside.",
    .options = options,
    .run = run_validate,
};
