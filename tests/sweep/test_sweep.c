/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole sweeps: killed and taken up again, on any number of threads, in
 * shards. What comes out must be the same bytes. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "sim/rng.h"

Suite *suite_sweep(void);

extern const struct command command_sweep, command_merge;

static char folder[64];

static const char scenario[] =
    "{ \"duration\": \"2s\", \"title\": \"tiny\", \"replications\": 2,\n"
    "  \"workload\": { \"type\": \"closed\", \"clients\": 3,\n"
    "    \"think\": { \"dist\": \"exponential\", \"mean\": \"50ms\" },\n"
    "    \"service\": \"2ms\", \"bytes\": \"1KiB\" },\n"
    "  \"servers\": [ { \"name\": \"p\", \"mpm\": \"prefork\" },\n"
    "    { \"name\": \"e\", \"mpm\": \"event\" } ] }\n";

/* 200 points: 5 x 8 x 5. */
#define POINTS   200
#define CLIENTS  "workload.clients=1,2,3,5,8"
#define TIMEOUTS "keep_alive_timeout=10ms,20ms,50ms,100ms,200ms,500ms,1s,2s"
#define SERVICE  "workload.service=1ms,2ms,5ms,10ms,20ms"

static void set_up(void)
{
    strcpy(folder, "/tmp/test_sweep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    FILE *f = fopen("s.json", "w");
    ck_assert(f != NULL && fputs(scenario, f) >= 0);
    fclose(f);
}

static void tear_down(void)
{
    char command[128];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Starts mpmsim COMMAND with the words of ARGS in a process of its own. */
static pid_t start(const struct command *c, const char *args)
{
    char words[1024], *argv[64];
    int n = 0;
    snprintf(words, sizeof words, "%s", args);
    for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
        argv[n++] = w;
    argv[n] = NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    _exit(c->run(argv));
}

static int finish(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int run(const struct command *c, const char *args)
{
    return finish(start(c, args));
}

static void sweep(const char *args, int status)
{
    char all[1024];
    snprintf(all, sizeof all,
             "s.json -q --no-plots --param %s --param %s --param %s %s",
             CLIENTS, TIMEOUTS, SERVICE, args);
    ck_assert_int_eq(run(&command_sweep, all), status);
}

static pid_t start_sweep(const char *args)
{
    char all[1024];
    snprintf(all, sizeof all,
             "s.json -q --no-plots --param %s --param %s --param %s %s",
             CLIENTS, TIMEOUTS, SERVICE, args);
    return start(&command_sweep, all);
}

static char *slurp(const char *a, const char *b, size_t *n)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", a, b);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    char *text = malloc(16 << 20);
    *n = fread(text, 1, 16 << 20, f);
    fclose(f);
    return text;
}

static void same(const char *x, const char *y)
{
    static const char *const files[] = { "sweep.csv", "sensitivity.csv",
                                         "plan.json",
                                         "plots/latency-mean_s.gp" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n = 0, m = 0;
        char *a = slurp(x, files[i], &n), *b = slurp(y, files[i], &m);
        ck_assert_msg(a != NULL && b != NULL && n > 0, "%s", files[i]);
        ck_assert_msg(n == m && memcmp(a, b, n) == 0, "%s: %s and %s differ",
                      files[i], x, y);
        free(a);
        free(b);
    }
}

static int count_points(const char *dir)
{
    char path[200];
    int n = 0;
    snprintf(path, sizeof path, "%s/points", dir);
    DIR *d = opendir(path);
    for (const struct dirent *f; d != NULL && (f = readdir(d)) != NULL;)
        n += strlen(f->d_name) == 64;
    if (d != NULL)
        closedir(d);
    return n;
}

/* Lets CHILD go on until DIR has N points; kills it. Whether it still ran. */
static bool kill_at(pid_t child, const char *dir, int n)
{
    int status;
    while (count_points(dir) < n) {
        if (waitpid(child, &status, WNOHANG) == child)
            return false;
        usleep(200);
    }
    kill(child, SIGKILL);
    return finish(child) == -SIGKILL;
}

/* Half of the kills come at any time, half when points are being run. Should
 * all be done before the tenth, it begins anew. */
START_TEST(killed_ten_times_it_gives_the_same_bytes)
{
    struct rng r = rng_at(20, 6, 4);
    sweep("-o alone", 0);
    ck_assert_int_eq(count_points("alone"), POINTS);
    int killed = 0, progress = 0;
    for (int i = 0; killed < 10 && i < 100; i++) {
        int before = count_points("killed");
        pid_t child = start_sweep("-o killed");
        if (i % 2 == 0) {
            usleep((useconds_t)rng_below(&r, 30000));
            kill(child, SIGKILL);
            killed += finish(child) == -SIGKILL;
        } else {
            killed += kill_at(child, "killed",
                              before + 1 + (int)rng_below(&r, POINTS / 6));
        }
        int now = count_points("killed");
        ck_assert_int_ge(now, before);
        progress += now > before && now < POINTS;
        if (now == POINTS && killed < 10)
            ck_assert_int_eq(system("rm -rf killed"), 0);
    }
    ck_assert_int_eq(killed, 10);
    ck_assert_int_gt(progress, 0); /* some were killed at work */
    sweep("-o killed", 0);
    same("alone", "killed");
    /* and when everything is there, nothing is run and nothing changes */
    sweep("-o killed", 0);
    same("alone", "killed");
}
END_TEST

START_TEST(shards_and_threads_make_no_difference)
{
    char args[100];
    sweep("-o whole --threads 3", 0);
    for (int i = 7; i >= 1; i--) {
        snprintf(args, sizeof args, "-o part%d --shard %d/7 --threads 1", i, i);
        sweep(args, 0);
    }
    ck_assert_int_eq(count_points("part1"), 29);
    ck_assert_int_eq(count_points("part7"), 28);
    /* one is missing: said, and nothing written */
    ck_assert_int_eq(run(&command_merge, "part1 part2 part3 part4 part5 part6 "
                                         "-q --no-plots -o merged"),
                     3);
    ck_assert_int_ne(access("merged", F_OK), 0);
    ck_assert_int_eq(run(&command_merge,
                         "part3 part1 part2 part7 part4 part5 part6 part2 "
                         "-q --no-plots -o merged"),
                     0);
    same("whole", "merged");
    /* a shard of another sweep is refused */
    ck_assert_int_eq(
        run(&command_sweep, "s.json -q --no-plots --param seed=1,2 -o other"),
        0);
    ck_assert_int_eq(run(&command_merge, "part1 other -q -o bad"), 3);
    ck_assert_int_eq(run(&command_merge, "part1 . -q -o bad"), 2);
    /* the merged folder is a sweep like any other */
    sweep("-o merged --threads 2", 0);
    same("whole", "merged");
}
END_TEST

START_TEST(a_signal_ends_it_cleanly_and_it_goes_on)
{
    static const char args[] =
        "s.json -q --no-plots --set duration=20000s --param "
        "workload.clients=1,2,3 --threads 1 -o d";
    pid_t child = start(&command_sweep, args);
    for (int i = 0; i < 500 && access("d/points", F_OK) != 0; i++)
        usleep(20000);
    usleep(300000);
    kill(child, SIGTERM);
    ck_assert_int_eq(finish(child), 130);
    ck_assert_int_lt(count_points("d"), 3);
    ck_assert_int_eq(access("d/sensitivity.csv", F_OK), -1);
    ck_assert_int_eq(run(&command_sweep, "s.json -q --no-plots --param "
                                         "workload.clients=1,2,3 -o d"),
                     0);
    ck_assert_int_eq(access("d/sensitivity.csv", F_OK), 0);
}
END_TEST

START_TEST(more_values_cost_only_the_new_points)
{
    ck_assert_int_eq(
        run(&command_sweep, "s.json -q --no-plots --param seed=1,2,3 -o d"), 0);
    ck_assert_int_eq(count_points("d"), 3);
    ck_assert_int_eq(
        run(&command_sweep, "s.json -q --no-plots --param seed=4,3,2,1 -o d"),
        0);
    ck_assert_int_eq(count_points("d"), 4);
    ck_assert_int_eq(
        run(&command_sweep, "s.json -q --no-plots --param seed=4,3,2,1 -o n"),
        0);
    same("d", "n");
}
END_TEST

Suite *suite_sweep(void)
{
    Suite *s = suite_create("sweep");
    TCase *t = tcase_create("sweep");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, killed_ten_times_it_gives_the_same_bytes);
    tcase_add_test(t, shards_and_threads_make_no_difference);
    tcase_add_test(t, a_signal_ends_it_cleanly_and_it_goes_on);
    tcase_add_test(t, more_values_cost_only_the_new_points);
    tcase_set_timeout(t, 300);
    suite_add_tcase(s, t);
    return s;
}
