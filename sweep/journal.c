/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/journal.h"

#include "sim/must.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER ".mpmsim-sweep"
#define PART   JOURNAL_PART
#define HEAD   "mpmsim-point 1 "
#define END    "end "

struct journal {
    char *dir, *points_dir;
    const struct points *points;
    int lock;
};

char *journal_join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 2;
    char *s = must_alloc(size);
    snprintf(s, size, "%s/%s", a, b);
    return s;
}

bool journal_is_sweep(const char *dir)
{
    char *marker = journal_join(dir, MARKER);
    bool found = access(marker, F_OK) == 0;
    free(marker);
    return found;
}

/* -- files in one step ------------------------------------------------------
 */

/* Forces the entries of the folder that PATH lies in to the disk. File systems
 * that cannot do this for folders need not. */
static bool sync_folder(const char *path)
{
    char *folder = must_strdup(path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    int fd =
        open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0 || errno == EINVAL || errno == EBADF;
    close(fd);
    return ok;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno != EINTR)
            return false;
        if (w > 0) {
            p += w;
            n -= (size_t)w;
        }
    }
    return true;
}

bool journal_replace(const char *path, const char *text, size_t len,
                     struct err *e)
{
    size_t size = strlen(path) + sizeof PART;
    char *part = must_alloc(size);
    snprintf(part, size, "%s" PART, path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_all(fd, text, len) &&
              (fsync(fd) == 0 || errno == EINVAL);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        error = errno;
        ok = false;
    }
    if (ok && (rename(part, path) != 0 || !sync_folder(path))) {
        error = errno;
        ok = false;
    }
    if (!ok) {
        unlink(part);
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot be written: %s",
               strerror(error));
    }
    free(part);
    return ok;
}

bool journal_publish(const char *path, struct err *e)
{
    size_t size = strlen(path) + sizeof PART;
    char *part = must_alloc(size);
    snprintf(part, size, "%s" PART, path);
    int fd = open(part, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) &&
              rename(part, path) == 0 && sync_folder(path);
    if (!ok)
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot be written: %s",
               strerror(errno));
    if (fd >= 0)
        close(fd);
    free(part);
    return ok;
}

/* The bytes of PATH and a NUL, their number in *LEN; or NULL. */
static char *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return NULL;
    }
    char *text = must_alloc((size_t)st.st_size + 1);
    *len = 0;
    while (*len < (size_t)st.st_size) {
        ssize_t r = read(fd, text + *len, (size_t)st.st_size - *len);
        if (r == 0 || (r < 0 && errno != EINTR))
            break;
        *len += r > 0 ? (size_t)r : 0;
    }
    close(fd);
    text[*len] = '\0';
    if (*len == (size_t)st.st_size)
        return text;
    free(text);
    return NULL;
}

/* -- the folder -------------------------------------------------------------
 */

static bool make_folder(const char *path, struct err *e)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    return err_at(e, ERR_IO, path, 0, 0, NULL, "cannot make this folder: %s",
                  strerror(errno));
}

/* mkdir -p. */
static bool make_folders(const char *path, struct err *e)
{
    char *copy = must_strdup(path);
    bool ok = true;
    for (char *p = copy + 1; ok && *copy != '\0' && *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = make_folder(copy, e);
        *p = '/';
    }
    free(copy);
    return ok && make_folder(path, e);
}

/* Only an empty folder, or one that a sweep made. */
static bool may_use(const char *dir, struct err *e)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return err_at(e, errno == ENOTDIR ? ERR_USAGE : ERR_IO, dir, 0, 0, NULL,
                      "cannot be used as the folder of a sweep: %s",
                      strerror(errno));
    bool empty = true;
    for (const struct dirent *f; (f = readdir(d)) != NULL;)
        if (strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0)
            empty = false;
    closedir(d);
    if (empty || journal_is_sweep(dir))
        return true;
    return err_at(e, ERR_USAGE, dir, 0, 0, NULL,
                  "holds files that no sweep wrote, so it is left alone; "
                  "choose another folder with -o");
}

/* The lock goes with the process, however it ends. Where the file system
 * knows no locks there is none. */
static bool lock_folder(struct journal *j, struct err *e)
{
    char *marker = journal_join(j->dir, MARKER);
    j->lock = open(marker, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool ok = true;
    if (j->lock < 0)
        ok = err_at(e, ERR_IO, marker, 0, 0, NULL, "cannot be written: %s",
                    strerror(errno));
    else if (flock(j->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        ok = err_at(e, ERR_USAGE, j->dir, 0, 0, NULL,
                    "another sweep is at work in this folder; wait for it, or "
                    "choose another with -o");
    free(marker);
    return ok;
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n >= k && strcmp(name + n - k, end) == 0;
}

/* Removes from FOLDER the files that end in one of ENDS. */
static void sweep_out(const char *folder, const char *const *ends)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return;
    for (const struct dirent *f; (f = readdir(d)) != NULL;)
        for (size_t i = 0; ends[i] != NULL; i++)
            if (ends_in(f->d_name, ends[i]))
                unlinkat(dirfd(d), f->d_name, 0);
    closedir(d);
}

/* The tables come before the plan they belong to goes. */
static bool put_plan(const struct journal *j, struct err *e)
{
    static const char *const tables[] = { "sweep.csv", "sensitivity.csv",
                                          NULL };
    static const char *const pictures[] = { ".gp", ".png", ".svg", NULL };
    char *path = journal_join(j->dir, "plan.json");
    char *plots = journal_join(j->dir, "plots");
    char *text = points_json(j->points);
    size_t len;
    char *old = read_file(path, &len);
    bool ok = true;
    if (old == NULL || strcmp(old, text) != 0) {
        sweep_out(j->dir, tables);
        sweep_out(plots, pictures);
        ok = journal_replace(path, text, strlen(text), e);
    }
    free(old);
    free(text);
    free(plots);
    free(path);
    return ok;
}

struct journal *journal_open(const char *dir, const struct points *p,
                             struct err *e)
{
    static const char *const parts[] = { PART, NULL };
    if (*dir == '\0') {
        err_set(e, ERR_USAGE, "the output folder has an empty name");
        return NULL;
    }
    struct journal *j = must_zalloc(1, sizeof *j);
    j->dir = must_strdup(dir);
    for (size_t n = strlen(dir); n > 1 && j->dir[n - 1] == '/'; n--)
        j->dir[n - 1] = '\0';
    j->points_dir = journal_join(j->dir, "points");
    j->points = p;
    j->lock = -1;
    if (make_folders(j->dir, e) && may_use(j->dir, e) && lock_folder(j, e)) {
        sweep_out(j->points_dir, parts);
        sweep_out(j->dir, parts);
        if (put_plan(j, e) && make_folder(j->points_dir, e))
            return j;
    }
    journal_close(j);
    return NULL;
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    if (j->lock >= 0)
        close(j->lock);
    free(j->points_dir);
    free(j->dir);
    free(j);
}

const char *journal_dir(const struct journal *j)
{
    return j->dir;
}

/* -- points -----------------------------------------------------------------
 */

/* The part of the LEN bytes at TEXT between head and end, in place, if both
 * are right for ID. */
static char *verify(char *text, size_t len, const char *id)
{
    const size_t digest = SHA256_HEX_SIZE - 1;
    const size_t head = strlen(HEAD) + digest + 1;
    const size_t end = strlen(END) + digest + 1;
    char hex[SHA256_HEX_SIZE];
    if (len < head + end || strlen(text) != len ||
        memcmp(text, HEAD, strlen(HEAD)) != 0 ||
        memcmp(text + strlen(HEAD), id, digest) != 0 || text[head - 1] != '\n')
        return NULL;
    char *tail = text + len - end;
    sha256_hex(text, len - end, hex);
    if (memcmp(tail, END, strlen(END)) != 0 ||
        memcmp(tail + strlen(END), hex, digest) != 0 || tail[end - 1] != '\n')
        return NULL;
    *tail = '\0';
    return memmove(text, text + head, len - end - head + 1);
}

char *journal_read(const char *dir, const char *id)
{
    char *folder = journal_join(dir, "points");
    char *path = journal_join(folder, id);
    size_t len;
    char *text = read_file(path, &len);
    char *found = text != NULL ? verify(text, len, id) : NULL;
    if (found == NULL)
        free(text);
    free(path);
    free(folder);
    return found;
}

char *journal_get(const struct journal *j, size_t i)
{
    char id[SHA256_HEX_SIZE];
    points_id(j->points, i, id);
    return journal_read(j->dir, id);
}

bool journal_put(const struct journal *j, size_t i, const char *text,
                 struct err *e)
{
    char id[SHA256_HEX_SIZE], hex[SHA256_HEX_SIZE];
    points_id(j->points, i, id);
    size_t size = strlen(HEAD) + strlen(text) + strlen(END) + 2 * sizeof id + 1;
    char *file = must_alloc(size);
    int n = snprintf(file, size, HEAD "%s\n%s", id, text);
    sha256_hex(file, (size_t)n, hex);
    n += snprintf(file + n, size - (size_t)n, END "%s\n", hex);
    char *path = journal_join(j->points_dir, id);
    bool ok = journal_replace(path, file, (size_t)n, e);
    free(path);
    free(file);
    return ok;
}
