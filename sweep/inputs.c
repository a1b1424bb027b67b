/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sweep/inputs.h"

#include "config/json.h"
#include "config/sha256.h"
#include "outputs/sink.h"
#include "sim/must.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct inputs {
    struct arena *arena;
    const char *scenario;
    struct sink digests; /* a line per file, in the order they are named */
};

/* Keys whose values name files. */
static bool names_a_file(const char *key)
{
    static const char *const keys[] = { "trace", "access_log", "file",
                                        "httpd_conf", "pool_conf" };
    size_t n = strlen(key);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return n > 5 && strcmp(key + n - 5, "_file") == 0;
}

/* The digest of PATH's bytes; false when it is no readable file. The bytes
 * are mapped, not held in memory: a log may be larger than that. */
static bool file_digest(const char *path, char hex[SHA256_HEX_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (ok && st.st_size == 0) {
        sha256_hex("", 0, hex);
    } else if (ok) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        ok = p != MAP_FAILED;
        if (ok) {
            sha256_hex(p, (size_t)st.st_size, hex);
            munmap(p, (size_t)st.st_size);
        }
    }
    close(fd);
    return ok;
}

const char *inputs_beside(const char *from, const char *name, struct arena *a)
{
    const char *slash = strrchr(from, '/');
    if (name[0] == '/' || slash == NULL)
        return arena_strdup(a, name);
    return arena_printf(a, "%.*s/%s", (int)(slash - from), from, name);
}

static void add_file(struct inputs *in, const char *name)
{
    char hex[SHA256_HEX_SIZE];
    const char *path = inputs_beside(in->scenario, name, in->arena);
    if (file_digest(path, hex)) /* else the scenario itself is refused */
        sink_format(&in->digests, "%s\n", hex);
}

static void walk(struct inputs *in, const struct json_node *n)
{
    if (json_type(n) == JSON_STRING && json_key(n) != NULL &&
        names_a_file(json_key(n)))
        add_file(in, json_string(n));
    if (json_type(n) != JSON_LIST && json_type(n) != JSON_OBJECT)
        return;
    for (const struct json_node *m = json_first(n); m != NULL; m = json_next(m))
        walk(in, m);
}

struct inputs *inputs_new(const char *path, struct err *e)
{
    struct json *j = json_load(path, e);
    if (j == NULL)
        return NULL;
    struct inputs *in = must_zalloc(1, sizeof *in);
    in->arena = arena_new();
    in->scenario = arena_strdup(in->arena, path);
    sink_string(&in->digests);
    walk(in, json_root(j));
    json_free(j);
    return in;
}

void inputs_add(struct inputs *in, const char *set)
{
    const char *value = strchr(set, '=') + 1;
    const char *key = value;
    while (key > set && key[-1] != '.' && key[-1] != ']')
        key--;
    struct err e;
    err_init(&e);
    struct json *j = json_parse("value", value, strlen(value), &e);
    char *last = must_strdup(key);
    last[strcspn(last, "=")] = '\0';
    if (j != NULL && json_type(json_root(j)) != JSON_STRING)
        walk(in, json_root(j));
    else if (names_a_file(last))
        add_file(in, j != NULL ? json_string(json_root(j)) : value);
    free(last);
    if (j != NULL)
        json_free(j);
    err_clear(&e);
}

const char *inputs_digest(const struct inputs *in, struct arena *a)
{
    char *hex = arena_alloc(a, SHA256_HEX_SIZE);
    sha256_hex(in->digests.buf != NULL ? in->digests.buf : "", in->digests.len,
               hex);
    return hex;
}

void inputs_free(struct inputs *in)
{
    free(sink_take(&in->digests));
    arena_free(in->arena);
    free(in);
}

/* The build id that the linker made of the program's content, as hex digits,
 * if it lies in the notes of LEN bytes at P. */
static const char *build_id(const char *p, size_t len, struct arena *a)
{
    ElfW(Nhdr) h;
    while (len >= sizeof h) {
        memcpy(&h, p, sizeof h);
        size_t name = (h.n_namesz + 3u) & ~(size_t)3;
        size_t desc = (h.n_descsz + 3u) & ~(size_t)3;
        if (name > len - sizeof h || desc > len - sizeof h - name)
            break;
        const char *at = p + sizeof h;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 &&
            memcmp(at, "GNU", 4) == 0 && h.n_descsz >= 8) {
            char *hex = arena_alloc(a, 2 * (size_t)h.n_descsz + 1);
            for (size_t i = 0; i < h.n_descsz; i++)
                snprintf(hex + 2 * i, 3, "%02x",
                         (unsigned)(unsigned char)at[name + i]);
            return hex;
        }
        p = at + name + desc;
        len -= sizeof h + name + desc;
    }
    return NULL;
}

struct finding {
    struct arena *arena;
    const char *id;
};

/* Called for the program first; looks at nothing else. */
static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct finding *f = arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum && f->id == NULL; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type == PT_NOTE)
            f->id = build_id((const char *)(info->dlpi_addr + h->p_vaddr),
                             h->p_memsz, f->arena);
    }
    return 1;
}

const char *inputs_program(struct arena *a)
{
    struct finding f = { .arena = a };
    dl_iterate_phdr(look_at, &f);
    if (f.id != NULL)
        return f.id;
    char *hex = arena_alloc(a, SHA256_HEX_SIZE);
    return file_digest("/proc/self/exe", hex) ? hex : "unknown";
}
