/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workloads/gzread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/must.h"

#define TEXT_SIZE   (4u * GZREAD_LINE_MAX)
#define PACKED_SIZE 65536u

struct gzread {
    char *path;
    int fd;
    bool gzip, end;
    bool in_member; /* gzip: begun and not ended */
    long lineno;
    size_t pos, len; /* text not yet given out */
    z_stream z;
    unsigned char *packed; /* gzip: bytes as they lie in the file */
    char *text;
};

/* Bytes read into BUF; 0 at the end; -1 with E filled. */
static ssize_t read_some(struct gzread *g, void *buf, size_t size,
                         struct err *e)
{
    for (;;) {
        ssize_t n = read(g->fd, buf, size);
        if (n >= 0)
            return n;
        if (errno != EINTR) {
            err_at(e, ERR_IO, g->path, 0, 0, NULL, "cannot read: %s",
                   strerror(errno));
            return -1;
        }
    }
}

static bool refill_packed(struct gzread *g, struct err *e)
{
    ssize_t n = read_some(g, g->packed, PACKED_SIZE, e);
    if (n < 0)
        return false;
    g->z.next_in = g->packed;
    g->z.avail_in = (uInt)n;
    g->end = n == 0;
    return true;
}

struct gzread *gzread_open(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_at(e, ERR_IO, path, 0, 0, NULL, "cannot open: %s", strerror(errno));
        return NULL;
    }
    struct gzread *g = must_zalloc(1, sizeof *g);
    g->path = must_strdup(path);
    g->fd = fd;
    g->text = must_alloc(TEXT_SIZE + 1);
    g->packed = must_alloc(PACKED_SIZE);
    /* The magic may come in two reads from a pipe. */
    size_t have = 0;
    ssize_t n;
    do {
        n = read_some(g, g->packed + have, PACKED_SIZE - have, e);
        if (n < 0) {
            gzread_close(g);
            return NULL;
        }
        have += (size_t)n;
    } while (n > 0 && have < 2);
    if (have >= 2 && g->packed[0] == 0x1f && g->packed[1] == 0x8b) {
        if (inflateInit2(&g->z, 15 + 16) != Z_OK)
            must_oom();
        g->gzip = true;
        g->z.next_in = g->packed;
        g->z.avail_in = (uInt)have;
    } else {
        memcpy(g->text, g->packed, have);
        g->len = have;
        g->end = have == 0;
    }
    return g;
}

void gzread_close(struct gzread *g)
{
    if (!g)
        return;
    if (g->gzip)
        inflateEnd(&g->z);
    close(g->fd);
    free(g->packed);
    free(g->text);
    free(g->path);
    free(g);
}

/* Between two members: zero bytes are padding, as gzip(1) has it. */
static bool begin_member(struct gzread *g, struct err *e)
{
    while (g->z.avail_in > 0 && *g->z.next_in == 0) {
        g->z.next_in++;
        g->z.avail_in--;
    }
    if (g->z.avail_in == 0)
        return true;
    if (*g->z.next_in != 0x1f)
        return err_at(e, ERR_IO, g->path, g->lineno, 0, NULL,
                      "damaged gzip: something else follows after the "
                      "compressed data");
    if (inflateReset(&g->z) != Z_OK)
        must_oom();
    g->in_member = true;
    return true;
}

/* Unpacks something into the free part of the text; g->end when all is read. */
static bool inflate_some(struct gzread *g, struct err *e)
{
    g->z.next_out = (Bytef *)g->text + g->len;
    g->z.avail_out = (uInt)(TEXT_SIZE - g->len);
    while (g->z.avail_out == TEXT_SIZE - g->len && !g->end) {
        if (g->z.avail_in == 0 && !refill_packed(g, e))
            return false;
        if (g->end) {
            if (!g->in_member)
                break;
            return err_at(e, ERR_IO, g->path, g->lineno, 0, NULL,
                          "the gzip file is truncated after this line; copy "
                          "it again, or repair it with: zcat FILE > log");
        }
        if (!g->in_member && !begin_member(g, e))
            return false;
        if (g->z.avail_in == 0)
            continue;
        int rc = inflate(&g->z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END)
            g->in_member = false;
        else if (rc == Z_MEM_ERROR)
            must_oom();
        else if (rc != Z_OK && rc != Z_BUF_ERROR)
            return err_at(e, ERR_IO, g->path, g->lineno, 0, NULL,
                          "damaged gzip after this line: %s",
                          g->z.msg ? g->z.msg : "bad data");
    }
    g->len = TEXT_SIZE - g->z.avail_out;
    return true;
}

/* More text behind what is there, which is less than TEXT_SIZE. */
static bool refill(struct gzread *g, struct err *e)
{
    if (g->gzip)
        return inflate_some(g, e);
    ssize_t n = read_some(g, g->text + g->len, TEXT_SIZE - g->len, e);
    if (n < 0)
        return false;
    g->len += (size_t)n;
    g->end = n == 0;
    return true;
}

/* Skips to behind the next newline; at the end of the file that is all. */
static bool skip_line(struct gzread *g, struct err *e)
{
    for (;;) {
        char *nl = memchr(g->text + g->pos, '\n', g->len - g->pos);
        if (nl) {
            g->pos = (size_t)(nl + 1 - g->text);
            return true;
        }
        g->pos = g->len;
        if (g->end)
            return true;
        /* the cut line still lies at the front of the text */
        g->pos = g->len = GZREAD_LINE_MAX + 1;
        if (!refill(g, e))
            return false;
    }
}

bool gzread_line(struct gzread *g, char **line, size_t *len, bool *cut,
                 struct err *e)
{
    size_t seen = g->pos; /* no newline before here */
    char *nl;
    *cut = false;
    for (;;) {
        nl = memchr(g->text + seen, '\n', g->len - seen);
        if (nl || g->end || g->len - g->pos > GZREAD_LINE_MAX)
            break;
        seen = g->len - g->pos;
        if (g->pos > 0)
            memmove(g->text, g->text + g->pos, seen);
        g->len = seen;
        g->pos = 0;
        if (!refill(g, e))
            return false;
    }
    if (!nl && g->pos == g->len)
        return false;
    g->lineno++;
    size_t n = (nl ? (size_t)(nl - g->text) : g->len) - g->pos;
    if (n > GZREAD_LINE_MAX) {
        /* move it to the front, where the rest of it is read past */
        memmove(g->text, g->text + g->pos, g->len - g->pos);
        g->len -= g->pos;
        g->pos = GZREAD_LINE_MAX;
        *cut = true;
        *line = g->text;
        *len = GZREAD_LINE_MAX;
        if (!skip_line(g, e))
            return false;
        g->text[GZREAD_LINE_MAX] = '\0';
        return true;
    }
    *line = g->text + g->pos;
    g->pos += n + (nl ? 1 : 0);
    if (n > 0 && (*line)[n - 1] == '\r')
        n--;
    (*line)[n] = '\0';
    *len = n;
    return true;
}

long gzread_lineno(const struct gzread *g)
{
    return g->lineno;
}
