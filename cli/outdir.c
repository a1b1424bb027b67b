/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/outdir.h"

#include "sim/must.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER ".mpmsim"

struct outdir {
    char *dir; /* resolved: no link at its end */
    char *tmp;
    bool replace;
    pid_t owner; /* a forked child that exits must not clean up */
};

static char *join(const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + (c ? strlen(c) : 0) + 3;
    char *s = must_alloc(size);
    snprintf(s, size, "%s/%s%s%s", a, b, c ? "/" : "", c ? c : "");
    return s;
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The struct itself stays until the program ends: on_exit() knows it. */
static void let_go(struct outdir *o)
{
    free(o->tmp);
    o->tmp = NULL;
    free(o->dir);
    o->dir = NULL;
}

/* on_exit() handler: the run ended early through exit(). */
static void clean_up(int status, void *arg)
{
    (void)status;
    struct outdir *o = arg;
    if (o->tmp != NULL && o->owner == getpid())
        remove_tree(o->tmp);
}

bool outdir_is_ours(const char *dir)
{
    char *marker = join(dir, MARKER, NULL);
    bool found = access(marker, F_OK) == 0;
    free(marker);
    return found;
}

/* Nothing but "." and ".."; -1 when it cannot be read. */
static int is_empty(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return -1;
    int empty = 1;
    for (const struct dirent *f; (f = readdir(d)) != NULL;)
        if (strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0)
            empty = 0;
    closedir(d);
    return empty;
}

/* Whether DIR may be (re)placed. */
static bool may_use(const char *dir, bool replace, struct err *e)
{
    struct stat st;
    if (stat(dir, &st) != 0) {
        if (errno == ENOENT && lstat(dir, &st) == 0)
            return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                          "is a link to nothing; make the folder it names, or "
                          "choose another with -o");
        if (errno == ENOENT)
            return true;
        return err_at(e, ERR_IO, dir, 0, 0, NULL, "%s", strerror(errno));
    }
    if (!S_ISDIR(st.st_mode))
        return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                      "is not a folder; choose another with -o");
    int empty = is_empty(dir);
    if (empty < 0)
        return err_at(e, ERR_IO, dir, 0, 0, NULL, "cannot be read: %s",
                      strerror(errno));
    if (empty)
        return true;
    if (!outdir_is_ours(dir))
        return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                      "holds files that no run wrote, so it is left alone; "
                      "choose another folder with -o");
    if (!replace)
        return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                      "holds the results of an earlier run; --force replaces "
                      "them, or choose another folder with -o");
    return true;
}

/* mkdir -p for what lies above the last component of PATH. */
static bool make_parents(char *path, struct err *e)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
        if (!ok)
            err_at(e, ERR_IO, path, 0, 0, NULL, "cannot make this folder: %s",
                   strerror(errno));
        *p = '/';
        if (!ok)
            return false;
    }
    return true;
}

/* DIR without slashes at its end and, if it exists, without links. */
static char *resolve(const char *dir)
{
    char *real = realpath(dir, NULL);
    if (real != NULL) {
        char *copy = must_strdup(real);
        free(real);
        return copy;
    }
    char *copy = must_strdup(dir);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    return copy;
}

static bool write_marker(const struct outdir *o, struct err *e)
{
    char *path = outdir_join(o, MARKER, NULL);
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && fputs("mpmsim " MPMSIM_VERSION "\n", f) >= 0;
    if (f != NULL && fclose(f) != 0)
        ok = false;
    if (!ok)
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot be written: %s",
               strerror(errno));
    free(path);
    return ok;
}

static bool make_temporary(struct outdir *o, struct err *e)
{
    const char *slash = strrchr(o->dir, '/');
    size_t parent = slash ? (size_t)(slash - o->dir) + 1 : 0;
    size_t size = strlen(o->dir) + sizeof "..part-XXXXXX";
    char *tmp = must_alloc(size);
    snprintf(tmp, size, "%.*s.%s.part-XXXXXX", (int)parent, o->dir,
             o->dir + parent);
    if (mkdtemp(tmp) == NULL) {
        err_at(e, ERR_IO, o->dir, 0, 0, NULL,
               "cannot make a folder beside it: %s", strerror(errno));
        free(tmp);
        return false;
    }
    mode_t mask = umask(0);
    umask(mask);
    chmod(tmp, 0777 & ~mask);
    o->tmp = tmp;
    return true;
}

struct outdir *outdir_open(const char *dir, bool replace, struct err *e)
{
    if (*dir == '\0') {
        err_set(e, ERR_USAGE, "the output folder has an empty name");
        return NULL;
    }
    if (!may_use(dir, replace, e))
        return NULL;
    struct outdir *o = must_zalloc(1, sizeof *o);
    o->dir = resolve(dir);
    o->replace = replace;
    o->owner = getpid();
    if (strcmp(o->dir, "/") == 0)
        err_set(e, ERR_USAGE, "the output folder cannot be /");
    else if (make_parents(o->dir, e) && make_temporary(o, e)) {
        on_exit(clean_up, o);
        if (write_marker(o, e))
            return o;
        outdir_discard(o);
        return NULL;
    }
    let_go(o);
    free(o);
    return NULL;
}

const char *outdir_path(const struct outdir *o)
{
    return o->tmp;
}

char *outdir_join(const struct outdir *o, const char *a, const char *b)
{
    return join(o->tmp, a, b);
}

bool outdir_mkdir(const struct outdir *o, const char *a, struct err *e)
{
    char *path = outdir_join(o, a, NULL);
    bool ok = mkdir(path, 0777) == 0;
    if (!ok)
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot make this folder: %s",
               strerror(errno));
    free(path);
    return ok;
}

/* rename() replaces an empty folder by itself; a full one is exchanged, and
 * what was there is removed afterwards. */
static bool put_in_place(struct outdir *o, struct err *e)
{
    if (!may_use(o->dir, o->replace, e))
        return false;
    if (rename(o->tmp, o->dir) == 0)
        return true;
    bool full = errno == ENOTEMPTY || errno == EEXIST;
    if (full &&
        renameat2(AT_FDCWD, o->tmp, AT_FDCWD, o->dir, RENAME_EXCHANGE) == 0) {
        remove_tree(o->tmp);
        return true;
    }
    if (full && errno == EINVAL) { /* a file system without exchange */
        char *old = join(o->tmp, ".old", NULL);
        bool moved = rename(o->dir, old) == 0;
        if (moved && rename(o->tmp, o->dir) == 0) {
            free(old);
            old = join(o->dir, ".old", NULL);
            remove_tree(old);
            free(old);
            return true;
        }
        if (moved)
            (void)!rename(old, o->dir);
        free(old);
    }
    return err_at(e, ERR_IO, o->dir, 0, 0, NULL,
                  "the results cannot be put there: %s; name a folder inside "
                  "it with -o",
                  strerror(errno));
}

bool outdir_commit(struct outdir *o, struct err *e)
{
    if (!put_in_place(o, e)) {
        outdir_discard(o);
        return false;
    }
    let_go(o);
    return true;
}

void outdir_discard(struct outdir *o)
{
    if (o->tmp != NULL)
        remove_tree(o->tmp);
    let_go(o);
}
