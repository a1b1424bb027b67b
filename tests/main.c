/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the Check suites of suites.def: all of them but the long ones, or those
 * named on the command line. Prints what failed, then "N passed, N failed". */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(name)      Suite *suite_##name(void);
#define LONG_SUITE(name) Suite *suite_##name(void);
#include "tests/suites.def"
#undef SUITE
#undef LONG_SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
    int is_long;
} suites[] = {
#define SUITE(name)      { #name, suite_##name, 0 },
#define LONG_SUITE(name) { #name, suite_##name, 1 },
#include "tests/suites.def"
#undef SUITE
#undef LONG_SUITE
    { NULL, NULL, 0 }
};

static int is_wanted(size_t suite, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], suites[suite].name) == 0)
            return 1;
    return argc < 2 && !suites[suite].is_long;
}

int main(int argc, char **argv)
{
    SRunner *runner = NULL;
    for (size_t i = 0; suites[i].name != NULL; i++) {
        if (!is_wanted(i, argc, argv))
            continue;
        if (runner == NULL)
            runner = srunner_create(suites[i].make());
        else
            srunner_add_suite(runner, suites[i].make());
    }
    if (runner == NULL) {
        fprintf(stderr, "no such suite; known:");
        for (size_t i = 0; suites[i].name != NULL; i++)
            fprintf(stderr, " %s", suites[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed,
           failed);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
