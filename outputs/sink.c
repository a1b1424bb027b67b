/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outputs/sink.h"

#include "outputs/num.h"
#include "sim/must.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINK_BUFFER 65536

bool sink_open(struct sink *s, const char *path, struct err *e)
{
    *s = (struct sink){ .fd = -1 };
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_at(e, ERR_IO, path, 0, 0, NULL, "cannot create: %s",
                      strerror(errno));
    s->fd = fd;
    s->cap = SINK_BUFFER;
    s->buf = must_alloc(s->cap);
    s->path = must_strdup(path);
    return true;
}

void sink_string(struct sink *s)
{
    *s = (struct sink){ .fd = -1, .cap = 256 };
    s->buf = must_alloc(s->cap);
}

char *sink_take(struct sink *s)
{
    sink_char(s, '\0');
    char *text = s->buf;
    *s = (struct sink){ .fd = -1 };
    return text;
}

/* A short write is continued; an interrupted one repeated. */
static void write_all(struct sink *s, const char *p, size_t n)
{
    while (n > 0 && s->error == 0) {
        ssize_t w = write(s->fd, p, n);
        if (w < 0) {
            if (errno != EINTR)
                s->error = errno;
        } else {
            p += w;
            n -= (size_t)w;
        }
    }
}

bool sink_close(struct sink *s, struct err *e)
{
    bool ok = true;
    if (s->fd >= 0) {
        write_all(s, s->buf, s->len);
        if (close(s->fd) != 0 && s->error == 0)
            s->error = errno;
        if (s->error != 0)
            ok = err_at(e, ERR_IO, s->path, 0, 0, NULL, "cannot write: %s",
                        strerror(s->error));
    }
    free(s->buf);
    free(s->path);
    *s = (struct sink){ .fd = -1 };
    return ok;
}

void sink_bytes(struct sink *s, const char *p, size_t n)
{
    if (n > s->cap - s->len) {
        if (s->fd < 0) {
            while (n > s->cap - s->len)
                s->cap *= 2;
            s->buf = must_realloc(s->buf, s->cap, 1);
        } else {
            write_all(s, s->buf, s->len);
            s->len = 0;
            if (n > s->cap) {
                write_all(s, p, n);
                return;
            }
        }
    }
    memcpy(s->buf + s->len, p, n);
    s->len += n;
}

void sink_text(struct sink *s, const char *text)
{
    sink_bytes(s, text, strlen(text));
}

void sink_char(struct sink *s, char c)
{
    sink_bytes(s, &c, 1);
}

void sink_int(struct sink *s, int64_t v)
{
    char buf[NUM_SIZE];
    sink_text(s, num_int(v, buf));
}

void sink_stat(struct sink *s, double v)
{
    char buf[NUM_SIZE];
    if (!isnan(v))
        sink_text(s, num_stat(v, buf));
}

void sink_count(struct sink *s, double v)
{
    char buf[NUM_SIZE];
    if (!isnan(v))
        sink_text(s, num_count(v, buf));
}

void sink_time(struct sink *s, simtime_t t, int decimals)
{
    char buf[NUM_SIZE];
    if (t != SIM_NEVER)
        sink_text(s, num_time(t, decimals, buf));
}

void sink_format(struct sink *s, const char *fmt, ...)
{
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < sizeof small) {
        sink_bytes(s, small, (size_t)n);
        return;
    }
    char *big = must_alloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    sink_bytes(s, big, (size_t)n);
    free(big);
}
