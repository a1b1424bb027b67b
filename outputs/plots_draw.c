/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot as an external program: one process per script, all at once, each
 * in the folder of its script; what they complain about is read through
 * pipes. SIGINT and SIGTERM are held back meanwhile and end them. */
#include "outputs/plots.h"

#include "outputs/sink.h"
#include "sim/must.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SCRIPTS_MAX 64

struct drawing {
    char *script; /* file name, owned */
    pid_t pid;    /* 0 = not running */
    int complaints;
};

/* Those under way, and whether they are to end. */
struct drawings {
    struct drawing v[SCRIPTS_MAX];
    int n;
    int signals; /* signalfd of SIGINT and SIGTERM */
    bool interrupted;
};

static int is_script(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 3 && strcmp(d->d_name + n - 3, ".gp") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static char *join(const char *dir, const char *name)
{
    struct sink s;
    sink_string(&s);
    sink_format(&s, "%s/%s", dir, name);
    return sink_take(&s);
}

/* Starts gnuplot on D->script in FOLDER; an errno, 0 = started. */
static int spawn(struct drawing *d, const char *folder)
{
    char program[] = "gnuplot";
    char *argv[] = { program, d->script, NULL };
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t plain;
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addchdir_np(&fa, folder);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&fa, pipes[1], 1);
    posix_spawn_file_actions_adddup2(&fa, pipes[1], 2);
    posix_spawnattr_init(&attr);
    sigemptyset(&plain);
    posix_spawnattr_setsigmask(&attr, &plain);
    sigaddset(&plain, SIGPIPE);
    posix_spawnattr_setsigdefault(&attr, &plain);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int rc = posix_spawnp(&d->pid, program, &fa, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&fa);
    close(pipes[1]);
    if (rc != 0) {
        d->pid = 0;
        close(pipes[0]);
        return rc;
    }
    d->complaints = pipes[0];
    return 0;
}

/* Ends all that have not been waited for. */
static void interrupt(struct drawings *all)
{
    all->interrupted = true;
    for (int i = 0; i < all->n; i++)
        if (all->v[i].pid > 0)
            kill(all->v[i].pid, SIGKILL);
}

/* Waits until D says something; hears signals meanwhile. */
static void wait_for(const struct drawing *d, struct drawings *all)
{
    struct signalfd_siginfo info;
    struct pollfd fds[] = { { .fd = d->complaints, .events = POLLIN },
                            { .fd = all->signals, .events = POLLIN } };
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (fds[1].revents & POLLIN &&
        read(all->signals, &info, sizeof info) == sizeof info)
        interrupt(all);
}

/* Reads all that D says and keeps the beginning in TEXT. */
static void listen_to(struct drawing *d, struct drawings *all, char *text,
                      size_t size)
{
    char buf[4096];
    size_t len = 0;
    ssize_t n;
    while (wait_for(d, all), (n = read(d->complaints, buf, sizeof buf)) != 0) {
        if (n < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        size_t keep = (size_t)n < size - 1 - len ? (size_t)n : size - 1 - len;
        memcpy(text + len, buf, keep);
        len += keep;
    }
    close(d->complaints);
    text[len] = '\0';
}

/* The line of gnuplot's output that names the error, else its first. */
static const char *complaint(char *text)
{
    const char *first = "no message", *found = NULL;
    char *save = NULL;
    for (char *l = strtok_r(text, "\n", &save); l != NULL;
         l = strtok_r(NULL, "\n", &save)) {
        while (*l == ' ' || *l == '\t' || *l == '^')
            l++;
        if (*l == '\0')
            continue;
        if (strcmp(first, "no message") == 0)
            first = l;
        if (found == NULL && strstr(l, "line ") != NULL &&
            strstr(l, "warning") == NULL)
            found = l;
    }
    return found != NULL ? found : first;
}

/* What SCRIPT leaves, and how a whole one ends. */
static const struct {
    const char *suffix, *end;
} kinds[] = { { "png", "IEND\xae\x42\x60\x82" }, { "svg", "</svg>" } };
#define KINDS (sizeof kinds / sizeof kinds[0])

static char *picture_name(const char *folder, const char *script, size_t kind)
{
    struct sink s;
    sink_string(&s);
    sink_format(&s, "%s/%.*s%s", folder, (int)strlen(script) - 2, script,
                kinds[kind].suffix);
    return sink_take(&s);
}

/* Half a picture is worse than none. */
static void remove_pictures(const char *folder, const char *script)
{
    for (size_t i = 0; i < KINDS; i++) {
        char *picture = picture_name(folder, script, i);
        unlink(picture);
        free(picture);
    }
}

/* Whether the file PATH ends as a picture of KIND does, but for blanks; one
 * that the script does not draw is no half one. */
static bool is_whole(const char *path, size_t kind)
{
    char tail[17] = "";
    size_t end = strlen(kinds[kind].end);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return errno == ENOENT;
    size_t n = 0;
    if (fseek(f, -16, SEEK_END) == 0)
        n = fread(tail, 1, sizeof tail - 1, f);
    fclose(f);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    return n >= end && memcmp(tail + n - end, kinds[kind].end, end) == 0;
}

/* gnuplot succeeds also where what it draws finds no room. */
static bool are_whole(const char *folder, const char *script)
{
    bool whole = true;
    for (size_t i = 0; i < KINDS; i++) {
        char *picture = picture_name(folder, script, i);
        whole = is_whole(picture, i) && whole;
        free(picture);
    }
    return whole;
}

/* Waits for D; false when it did not succeed, with E filled unless that was
 * because of an interruption. Messages say CALLED for FOLDER. */
static bool finish(struct drawing *d, struct drawings *all, const char *folder,
                   const char *called, struct err *e)
{
    char text[2048];
    int status = 0;
    bool ok = true;

    listen_to(d, all, text, sizeof text);
    while (waitpid(d->pid, &status, 0) < 0 && errno == EINTR)
        ;
    d->pid = 0;
    bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (done && are_whole(folder, d->script))
        return true;
    remove_pictures(folder, d->script);
    /* Ctrl-C reaches gnuplot too */
    if (WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM))
        interrupt(all);
    if (all->interrupted)
        return false;
    char *path = join(called, d->script);
    if (done)
        ok = err_at(e, ERR_IO, path, 0, 0, NULL,
                    "its pictures could not be written to the end, so they "
                    "were removed; is the disk full?");
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        ok = err_set(e, ERR_IO, "gnuplot cannot be run");
    else if (WIFSIGNALED(status))
        ok = err_at(e, ERR_IO, path, 0, 0, NULL,
                    "gnuplot was ended by signal %d", WTERMSIG(status));
    else
        ok = err_at(e, ERR_IO, path, 0, 0, NULL, "gnuplot failed: %s",
                    complaint(text));
    free(path);
    return ok;
}

static bool cannot_start(int error, const char *folder, struct err *e)
{
    if (error == ENOENT)
        return err_set(e, ERR_IO,
                       "gnuplot is not installed, so no pictures were drawn; "
                       "the scripts with their data are in %s. Install the "
                       "package gnuplot-nox (Debian, Ubuntu) or gnuplot "
                       "(others) and run `mpmsim plot`.",
                       folder);
    return err_set(e, ERR_IO, "cannot run gnuplot: %s", strerror(error));
}

/* Holds SIGINT and SIGTERM back, to be heard by ALL; what was before: OLD. */
static void hear_signals(struct drawings *all, sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, old);
    all->signals = signalfd(-1, &set, SFD_CLOEXEC);
}

/* Draws the N scripts of LIST. */
static bool draw_all(struct dirent **list, int n, const char *folder,
                     const char *name, struct err *e)
{
    struct drawings all = { 0 };
    sigset_t old;
    bool ok = true;
    int error = 0;

    hear_signals(&all, &old);
    for (; all.n < n && all.n < SCRIPTS_MAX; all.n++) {
        struct drawing *d = &all.v[all.n];
        d->script = must_strdup(list[all.n]->d_name);
        error = spawn(d, folder);
        if (error != 0) {
            free(d->script);
            break;
        }
    }
    for (int i = 0; i < all.n; i++) {
        ok = finish(&all.v[i], &all, folder, name, e) && ok;
        free(all.v[i].script);
    }
    if (error != 0)
        ok = cannot_start(error, name, e);
    if (all.interrupted && !ok) {
        err_clear(e);
        err_set(
            e, ERR_INTERRUPTED,
            "interrupted before all pictures were drawn; gnuplot draws them "
            "from the scripts in %s",
            name);
    }
    if (all.signals >= 0)
        close(all.signals);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

bool plots_draw_folder(const char *folder, const char *name, struct err *e)
{
    struct dirent **list = NULL;
    int n = scandir(folder, &list, is_script, by_name);
    bool ok = true;

    if (n <= 0)
        ok = err_at(e, ERR_IO, name, 0, 0, NULL, "%s",
                    n < 0 ? strerror(errno) : "holds no script (*.gp)");
    else
        ok = draw_all(list, n, folder, name, e);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    return ok;
}

bool plots_draw(const char *dir, const char *name, struct err *e)
{
    char *folder = join(dir, "plots");
    char *called = join(name, "plots");
    bool ok = plots_draw_folder(folder, called, e);
    free(called);
    free(folder);
    return ok;
}
