/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Feeds stored inputs to a fuzz target without a fuzzer, for every compiler:
 * replay_fuzz_X [FILE or FOLDER]..., files of a folder in order of name. */
#include "sim/must.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(4);
    }
    size_t size = 0, cap = 4096, got;
    uint8_t *data = must_alloc(cap);
    while ((got = fread(data + size, 1, cap - size, f)) > 0) {
        size += got;
        if (size == cap)
            data = must_realloc(data, cap *= 2, 1);
    }
    fclose(f);
    /* exactly as large as the input, so that a read beyond it is noticed */
    data = must_realloc(data, size, 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static void replay_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, is_file, alphasort);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        replay_file(file);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            replay_folder(argv[i]);
        else if (stat(argv[i], &st) == 0)
            replay_file(argv[i]);
    }
    return 0;
}
