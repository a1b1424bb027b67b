/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mod_work: an httpd handler whose service is told by the request.
 *
 *     LoadModule work_module .../mod_work.so
 *     <Location /work>
 *         SetHandler work
 *     </Location>
 *
 *     GET /work?sleep_ms=20&bytes=1000
 *
 * sleeps 20 ms, then answers with 1000 bytes written in pieces of 8 KiB, or
 * with file=1 as one piece of the file "bodies" in ServerRoot, which has to be
 * as long. Build: apxs -c mod_work.c (the module is .libs/mod_work.so). */
#include <httpd.h>

#include <apr_time.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>

/* The value of KEY= in the query, or 0. */
static double query(const request_rec *r, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = r->args; p != NULL && *p != '\0';
         p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL) {
        if (strncmp(p, key, n) == 0 && p[n] == '=')
            return strtod(p + n + 1, NULL);
    }
    return 0;
}

static int send_file(request_rec *r, apr_off_t bytes)
{
    apr_file_t *file;
    apr_size_t sent;
    apr_int32_t how = APR_READ | APR_BINARY;
#if APR_HAS_SENDFILE
    how |= APR_FOPEN_SENDFILE_ENABLED;
#endif
    if (apr_file_open(&file, ap_server_root_relative(r->pool, "bodies"), how,
                      APR_OS_DEFAULT, r->pool) != APR_SUCCESS)
        return HTTP_INTERNAL_SERVER_ERROR;
    ap_send_fd(file, r, 0, (apr_size_t)bytes, &sent);
    return OK;
}

static int work(request_rec *r)
{
    static const char piece[8192] = { 'x' };
    apr_off_t bytes;
    if (r->handler == NULL || strcmp(r->handler, "work") != 0)
        return DECLINED;
    bytes = (apr_off_t)query(r, "bytes");
    apr_sleep((apr_interval_time_t)(query(r, "sleep_ms") * 1000));
    ap_set_content_type(r, "application/octet-stream");
    ap_set_content_length(r, bytes);
    if (r->header_only)
        return OK;
    if (query(r, "file") > 0 && bytes > 0)
        return send_file(r, bytes);
    while (bytes > 0) {
        int n =
            bytes < (apr_off_t)sizeof piece ? (int)bytes : (int)sizeof piece;
        if (ap_rwrite(piece, n, r) < 0)
            break;
        bytes -= n;
    }
    return OK;
}

static void hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(work, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(work) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks
};
