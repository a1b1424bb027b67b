/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/recorded.h"

#include "config/json.h"
#include "outputs/overlay.h"
#include "outputs/recording.h"
#include "sim/must.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A/B or A/B/C; caller frees. */
static char *join(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + (c ? strlen(c) : 0) + 3;
    char *path = must_alloc(size);
    snprintf(path, size, c ? "%s/%s/%s" : "%s/%s", a, b, c);
    return path;
}

static bool exists(const char *a, const char *b, const char *c)
{
    char *path = join(a, b, c);
    bool found = access(path, F_OK) == 0;
    free(path);
    return found;
}

/* -- meta.json --------------------------------------------------------------
 */

static char *text_of(const struct json_node *root, const char *key)
{
    const struct json_node *n = json_get(root, key);
    const char *s = n != NULL ? json_string(n) : NULL;
    return s != NULL ? must_strdup(s) : NULL;
}

bool recorded_meta_read(struct recorded_meta *m, const char *dir, struct err *e)
{
    *m = (struct recorded_meta){ 0 };
    if (!exists(dir, "meta.json", NULL))
        return true;
    char *path = join(dir, "meta.json", NULL);
    struct json *j = json_load(path, e);
    free(path);
    if (j == NULL)
        return false;
    const struct json_node *root = json_root(j);
    if (json_type(root) == JSON_OBJECT) {
        const struct json_node *d = json_get(root, "duration_s");
        m->name = text_of(root, "case");
        m->mpm = text_of(root, "mpm");
        m->duration_s = d != NULL ? json_number(d) : 0;
    }
    json_free(j);
    return true;
}

void recorded_meta_free(struct recorded_meta *m)
{
    free(m->name);
    free(m->mpm);
    *m = (struct recorded_meta){ 0 };
}

/* -- servers of a run -------------------------------------------------------
 */

static int not_hidden(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* The names of DIR's folders that hold a series.csv, in order. Each and the
 * list are the caller's. */
static size_t servers_of(const char *dir, char ***out)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, not_hidden, alphasort);
    size_t found = 0;
    *out = must_zalloc(n > 0 ? (size_t)n : 1, sizeof **out);
    for (int i = 0; i < n; i++) {
        if (exists(dir, list[i]->d_name, "series.csv"))
            (*out)[found++] = must_strdup(list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return found;
}

static void servers_free(char **servers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(servers[i]);
    free(servers);
}

bool recorded_server(const char *dir, struct err *e)
{
    char **servers;
    if (exists(dir, "series.csv", NULL))
        return true;
    size_t n = servers_of(dir, &servers);
    if (n > 0)
        err_at(e, ERR_USAGE, dir, 0, 0, NULL,
               "is the folder of a whole run; name one of its servers, such "
               "as %s/%s",
               dir, servers[0]);
    else
        err_at(e, ERR_IO, dir, 0, 0, NULL,
               "is not the folder of a run's server (it holds no series.csv)");
    servers_free(servers, n);
    return false;
}

/* -- pictures ---------------------------------------------------------------
 */

/* The recording of SERVER in REC, or NULL. Caller frees. ALONE: REC itself is
 * a recording. */
static char *recording_of(const char *rec, const char *server, bool alone)
{
    if (!alone)
        return exists(rec, server, "series.csv") ||
                       exists(rec, server, "requests.csv")
                   ? join(rec, server, NULL)
                   : NULL;
    return must_strdup(rec);
}

static bool overlay_server(const char *dir, const char *server,
                           const char *rec_dir, struct err *e)
{
    struct recording run = { 0 }, rec = { 0 };
    struct recorded_meta meta = { 0 };
    char *run_dir = join(dir, server, NULL);
    bool ok = recording_read(&rec, rec_dir, e) &&
              recorded_meta_read(&meta, rec_dir, e) &&
              recording_read(&run, run_dir, e);
    if (ok) {
        struct overlay o = { .server = server,
                             .title = meta.name,
                             .run = &run,
                             .recording = &rec,
                             .duration_s = meta.duration_s };
        ok = overlay_write(dir, &o, e);
    }
    recording_free(&run);
    recording_free(&rec);
    recorded_meta_free(&meta);
    free(run_dir);
    return ok;
}

/* The server of the run that the recording REC is of: the one WANTED, of the
 * MPM in its meta.json, or the only one; N when that cannot be told. */
static size_t server_for(const char *rec, const char *wanted, char **servers,
                         size_t n)
{
    struct recorded_meta meta = { 0 };
    struct err e;
    size_t i = 0;
    err_init(&e);
    recorded_meta_read(&meta, rec, &e);
    err_clear(&e);
    const char *name = wanted ? wanted : meta.mpm;
    while (i < n && (name == NULL || strcmp(servers[i], name) != 0))
        i++;
    if (i == n && wanted == NULL && n == 1)
        i = 0;
    recorded_meta_free(&meta);
    return i;
}

bool recorded_overlay(const char *dir, const char *rec, const char *server,
                      struct err *e)
{
    char **servers;
    bool alone =
        exists(rec, "series.csv", NULL) || exists(rec, "requests.csv", NULL);
    bool ok = true;
    size_t n = servers_of(dir, &servers), drawn = 0;
    size_t only = alone ? server_for(rec, server, servers, n) : n;
    for (size_t i = 0; ok && i < n; i++) {
        if (alone ? i != only : server && strcmp(server, servers[i]) != 0)
            continue;
        char *rec_dir = recording_of(rec, servers[i], alone);
        if (rec_dir != NULL) {
            ok = overlay_server(dir, servers[i], rec_dir, e);
            drawn++;
        }
        free(rec_dir);
    }
    servers_free(servers, n);
    if (ok && drawn == 0)
        ok = err_at(e, ERR_USAGE, rec, 0, 0, NULL,
                    "fits no server of %s: a recording is a folder with "
                    "series.csv (--server NAME says whose it is), or holds "
                    "such a folder for each server",
                    dir);
    return ok;
}
