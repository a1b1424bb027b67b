/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/swept.h"

#include "outputs/num.h"
#include "outputs/plots.h"
#include "sim/must.h"
#include "sweep/curves.h"
#include "sweep/sensitivity.h"
#include "sweep/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Larger sweeps are not shown point by point. */
#define SHOW_POINTS 40
#define CELL        80

/* -- options ----------------------------------------------------------------
 */

static bool check_metric(const char *name, struct err *e)
{
    struct summary *none = must_zalloc(1, sizeof *none);
    double v;
    bool known =
        summary_lookup(none, name, &v) && strcmp(name, "requests.errors") != 0;
    free(none);
    if (known)
        return true;
    const char *near = summary_nearest(name);
    if (near != NULL)
        return err_set(e, ERR_USAGE,
                       "there is no metric \"%s\"; did you mean \"%s\"?", name,
                       near);
    return err_set(e, ERR_USAGE,
                   "there is no metric \"%s\"; `mpmsim list metrics` names "
                   "them",
                   name);
}

/* The factor that has the key NAME; nfactors if none. */
static size_t find_factor(const struct points *p, const char *name)
{
    for (size_t f = 0; f < p->nfactors; f++)
        for (size_t k = 0; k < p->factors[f].nkeys; k++)
            if (strcmp(p->factors[f].keys[k], name) == 0)
                return f;
    return p->nfactors;
}

bool swept_check(const struct swept_options *o, const struct points *p,
                 struct err *e)
{
    for (size_t i = 0; i < o->metrics.n; i++)
        if (!check_metric(o->metrics.v[i], e))
            return false;
    if (o->x == NULL || find_factor(p, o->x) < p->nfactors)
        return true;
    const char *near = err_nearest(o->x, p->columns, p->ncolumns);
    return err_set(e, ERR_USAGE, "--x %s: this key is not varied%s%s%s", o->x,
                   near != NULL ? "; did you mean \"" : "",
                   near != NULL ? near : "", near != NULL ? "\"?" : "");
}

/* -- the terminal -----------------------------------------------------------
 */

/* Columns that TEXT takes on a terminal. */
static int width(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void cell(const char *text, int columns)
{
    int room = columns - width(text) + 2;
    printf("%s%*s", text, room > 0 ? room : 0, "");
}

/* V for people, by what METRIC measures. */
static const char *shown(const char *metric, double v, char *buf)
{
    size_t n = strlen(metric);
    if (isnan(v))
        return "-";
    if (n > 2 && strcmp(metric + n - 2, "_s") == 0)
        return num_duration(v, buf);
    if (n > 6 && strcmp(metric + n - 6, "_bytes") == 0)
        return num_bytes(v, buf);
    return num_digits(v, 4, buf);
}

static void shown_cell(const char *metric, const struct study_cell *c,
                       char text[CELL])
{
    char mean[NUM_SIZE], half[NUM_SIZE];
    if (isnan(c->high))
        snprintf(text, CELL, "%s", shown(metric, c->mean, mean));
    else
        snprintf(text, CELL, "%s ± %s", shown(metric, c->mean, mean),
                 shown(metric, c->high - c->mean, half));
}

/* The first metric that some point has; nmetrics if none. */
static size_t headline(const struct study *s)
{
    for (size_t m = 0; m < s->nmetrics; m++)
        for (size_t i = 0; i < s->points->n; i++)
            for (size_t k = 0; k < s->nservers; k++)
                if (!isnan(study_get(s, i, k, m)->mean))
                    return m;
    return s->nmetrics;
}

/* The text of row I (-1: the heads) and column C of the table of points. */
static const char *table_text(const struct study *s, size_t m, long i, size_t c,
                              struct arena *a)
{
    const struct points *p = s->points;
    if (c < p->ncolumns)
        return i < 0 ? p->columns[c]
                     : points_label(points_set(p, (size_t)i, c), a);
    c -= p->ncolumns;
    if (i < 0)
        return s->servers[c];
    char text[CELL];
    shown_cell(s->metrics[m], study_get(s, (size_t)i, c, m), text);
    return arena_strdup(a, text);
}

static void print_points(const struct study *s, size_t m)
{
    const struct points *p = s->points;
    struct arena *a = arena_new();
    size_t columns = p->ncolumns + s->nservers;
    int *wide = arena_alloc(a, columns * sizeof *wide);
    for (long i = -1; i < (long)p->n; i++)
        for (size_t c = 0; c < columns; c++) {
            int w = width(table_text(s, m, i, c, a));
            wide[c] = w > wide[c] ? w : wide[c];
        }
    printf("%s\n\n", s->metrics[m]);
    for (long i = -1; i < (long)p->n; i++) {
        printf("  ");
        for (size_t c = 0; c < columns; c++)
            cell(table_text(s, m, i, c, a), c + 1 < columns ? wide[c] : -2);
        printf("\n");
    }
    printf("\n");
    arena_free(a);
}

static void print_effect(const struct study *s, size_t m,
                         const struct effect *x, int wide, struct arena *a)
{
    const struct factor *f = &s->points->factors[x->factor];
    const char *metric = s->metrics[m];
    char size[NUM_SIZE], half[NUM_SIZE];
    cell(factor_name(f, a), wide);
    if (x->size == 0) {
        printf("no effect\n");
        return;
    }
    printf("%s", shown(metric, x->size, size));
    if (!isnan(x->high))
        printf(" ± %s", shown(metric, x->high - x->size, half));
    printf(" (least at %s, most at %s), %.0f %% of the variance",
           factor_label(f, x->lowest, a), factor_label(f, x->highest, a),
           x->share * 100);
    if (x->points < s->points->n)
        printf(", %zu of %zu points", x->points, s->points->n);
    printf("\n");
}

static void print_ranking(const struct study *s, size_t m)
{
    const struct points *p = s->points;
    struct arena *a = arena_new();
    struct effect *x = arena_alloc(a, p->nfactors * sizeof *x);
    int names = 0, keys = 0;
    for (size_t k = 0; k < s->nservers; k++)
        names = width(s->servers[k]) > names ? width(s->servers[k]) : names;
    for (size_t f = 0; f < p->nfactors; f++) {
        int w = width(factor_name(&p->factors[f], a));
        keys = w > keys ? w : keys;
    }
    printf("What moves %s most:\n", s->metrics[m]);
    for (size_t k = 0; k < s->nservers; k++) {
        size_t n = sensitivity_rank(s, k, m, x);
        for (size_t i = 0; i < n; i++) {
            printf("  ");
            cell(i == 0 ? s->servers[k] : "", names);
            print_effect(s, m, &x[i], keys, a);
        }
    }
    arena_free(a);
}

static void print_study(const struct study *s)
{
    size_t m = headline(s);
    if (m == s->nmetrics)
        return;
    if (s->points->n <= SHOW_POINTS)
        print_points(s, m);
    print_ranking(s, m);
    fflush(stdout);
}

/* -- files ------------------------------------------------------------------
 */

/* sweep.csv of the points there are, which S takes too. */
static bool write_table(const char *dir, const struct points *p,
                        struct study *s, size_t *missing, struct err *e)
{
    char *path = journal_join(dir, "sweep.csv");
    char *part = journal_join(dir, "sweep.csv" JOURNAL_PART);
    struct sink out;
    bool ok = sink_open(&out, part, e);
    *missing = 0;
    if (ok) {
        table_begin(&out, p);
        for (size_t i = 0; ok && i < p->n; i++) {
            char id[SHA256_HEX_SIZE];
            struct result r;
            points_id(p, i, id);
            char *text = journal_read(dir, id);
            if (text == NULL) {
                ++*missing;
                continue;
            }
            ok = result_parse(&r, text);
            free(text);
            if (!ok) {
                err_at(e, ERR_CONTENT, dir, 0, 0, NULL,
                       "points/%s is not what a sweep writes; remove it and "
                       "run the sweep again",
                       id);
                break;
            }
            table_add(&out, p, i, &r);
            study_add(s, i, &r);
            result_free(&r);
        }
        ok = sink_close(&out, e) && ok && journal_publish(path, e);
    }
    free(part);
    free(path);
    return ok;
}

static bool write_ranking(const char *dir, const struct study *s, struct err *e)
{
    struct sink out;
    sink_string(&out);
    sensitivity_table(&out, s);
    char *text = sink_take(&out);
    char *path = journal_join(dir, "sensitivity.csv");
    bool ok = journal_replace(path, text, strlen(text), e);
    free(path);
    free(text);
    return ok;
}

static bool write_curves(const struct swept_options *o, const char *dir,
                         const struct study *s, struct err *e)
{
    const struct points *p = s->points;
    size_t panels;
    size_t x = o->x != NULL ? find_factor(p, o->x) : curves_axis(p);
    if (!curves_write(dir, s, x, &panels, e))
        return false;
    if (panels > CURVES_PANELS && !o->quiet)
        fprintf(stderr,
                "The pictures show %d of %zu combinations of the other keys; "
                "sweep.csv has all.\n",
                CURVES_PANELS, panels);
    return o->no_plots || plots_draw(dir, dir, e);
}

bool swept_finish(const struct swept_options *o, const struct journal *j,
                  const struct points *p, size_t *missing, struct err *e)
{
    size_t n = 0;
    while (study_metrics[n] != NULL)
        n++;
    struct study s;
    if (o->metrics.n > 0)
        study_init(&s, p, o->metrics.v, o->metrics.n);
    else
        study_init(&s, p, study_metrics, n);
    bool ok = write_table(journal_dir(j), p, &s, missing, e);
    if (ok && *missing == 0 && p->nfactors > 0) {
        ok = write_ranking(journal_dir(j), &s, e);
        if (ok && !o->quiet)
            print_study(&s);
        ok = ok && write_curves(o, journal_dir(j), &s, e);
    }
    study_free(&s);
    return ok;
}
