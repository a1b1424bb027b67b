/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the importer takes from a configuration. Bad ones: tests/invalid. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/httpd_conf.h"
#include "sim/must.h"

static struct arena *arena;
static struct httpd_conf conf;
static char folder[64];

static void begin(void)
{
    arena = arena_new();
    (void)strcpy(folder, "/tmp/mpmsim-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
    char command[120];

    arena_free(arena);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *path_of(const char *name)
{
    return arena_printf(arena, "%s/%s", folder, name);
}

static void write_bytes(const char *name, const char *text, size_t len)
{
    FILE *f = fopen(path_of(name), "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void file(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static void dir(const char *name)
{
    ck_assert_int_eq(mkdir(path_of(name), 0700), 0);
}

static void load(const char *text, int mpm, int version)
{
    struct httpd_conf_opts o = { .mpm = mpm, .version = version };
    struct err e;

    file("httpd.conf", text);
    err_init(&e);
    ck_assert_msg(httpd_conf_load(path_of("httpd.conf"), &o, arena, &conf, &e),
                  "%s:%ld: %s", e.file, e.line, e.text);
}

/* The message for a configuration that must be refused, without the folder. */
static char *refusal(enum err_kind kind)
{
    struct err e;
    char *text, *cut;

    err_init(&e);
    ck_assert(!httpd_conf_load(path_of("httpd.conf"), NULL, arena, &conf, &e));
    ck_assert_int_eq(e.kind, kind);
    text = err_format(&e);
    err_clear(&e);
    cut = arena_strdup(arena, strncmp(text, folder, strlen(folder)) == 0
                                  ? text + strlen(folder) + 1
                                  : text);
    free(text);
    return cut;
}

#define GIVEN(d)  conf.directives.v[DIR_##d].given
#define NUMBER(d) conf.directives.v[DIR_##d].n

START_TEST(the_last_one_wins_in_any_case_with_quotes_and_continuation)
{
    load("keepalivetimeout 3\n"
         "# KeepAliveTimeout 4 \\\n   KeepAliveTimeout 5\n"
         "  KEEPALIVETIMEOUT \\\r\n   \"7\"\r\n"
         "MaxRequestWorkers '150'\n"
         "keep_alive off\n",
         -1, 0);
    ck_assert_int_eq(NUMBER(KeepAliveTimeout), 7 * SIM_S);
    ck_assert_int_eq(conf.directives.v[DIR_KeepAliveTimeout].line, 4);
    ck_assert_int_eq(conf.directives.v[DIR_KeepAliveTimeout].col, 3);
    ck_assert_int_eq(NUMBER(MaxRequestWorkers), 150);
    ck_assert(!GIVEN(KeepAlive)); /* not httpd's spelling */
    ck_assert_int_eq(conf.mpm, -1);
}
END_TEST

START_TEST(units_are_httpds)
{
    load("KeepAliveTimeout 250ms\nTimeout 30\nMaxMemFree 1024\n"
         "SendBufferSize 65536\nAsyncRequestWorkerFactor 1.5\n",
         -1, 0);
    ck_assert_int_eq(NUMBER(KeepAliveTimeout), 250 * SIM_MS);
    ck_assert_int_eq(NUMBER(Timeout), 30 * SIM_S);
    ck_assert_int_eq(NUMBER(MaxMemFree), 1024 * 1024);
    ck_assert_int_eq(NUMBER(SendBufferSize), 65536);
    ck_assert_int_eq(NUMBER(AsyncRequestWorkerFactor), 1500);
}
END_TEST

START_TEST(variables_and_conditions_are_followed)
{
    load("Define N 40\nDefine TLS\nDefine N2 ${N}0\n"
         "<IfDefine TLS>\nMaxRequestWorkers ${N2}\n"
         "<IfDefine !TLS>\nMaxRequestWorkers 1\n</IfDefine>\n"
         "</IfDefine>\n"
         "UnDefine TLS\n<IfDefine TLS>\nMaxRequestWorkers 2\n"
         "<Nonsense>\n</Nonsense>\n</IfDefine>\n"
         "ServerAdmin ${UNKNOWN}\n",
         -1, 0);
    ck_assert_int_eq(NUMBER(MaxRequestWorkers), 400);
}
END_TEST

START_TEST(load_module_chooses_the_mpm_and_reqtimeout)
{
    const char *text = "LoadModule mpm_worker_module x/mod_mpm_worker.so\n"
                       "<IfModule mpm_worker_module>\n"
                       "ThreadsPerChild 10\n</IfModule>\n"
                       "<IfModule worker.c>\nMaxRequestWorkers 100\n"
                       "</IfModule>\n"
                       "<IfModule prefork.c>\nMaxRequestWorkers 7\n"
                       "MaxSpareServers 3\n</IfModule>\n"
                       "<IfModule !mod_reqtimeout.c>\n"
                       "LoadModule reqtimeout_module mod_reqtimeout.so\n"
                       "</IfModule>\n"
                       "<IfModule mod_reqtimeout.c>\nTimeout 9\n</IfModule>\n";
    load(text, -1, 0);
    ck_assert_int_eq(conf.mpm, MPM_WORKER);
    ck_assert_int_eq(NUMBER(ThreadsPerChild), 10);
    ck_assert_int_eq(NUMBER(MaxRequestWorkers), 100);
    ck_assert_int_eq(NUMBER(Timeout), 9 * SIM_S);
    ck_assert(conf.directives.reqtimeout_loaded);
    /* asked for another MPM, its own sections apply */
    load(text, MPM_PREFORK, 0);
    ck_assert_int_eq(conf.mpm, MPM_PREFORK);
    ck_assert_int_eq(NUMBER(MaxRequestWorkers), 7);
    ck_assert_int_eq(NUMBER(MaxSpareServers), 3);
    ck_assert(!GIVEN(ThreadsPerChild));
}
END_TEST

START_TEST(what_the_other_mpm_does_not_know_is_dropped)
{
    load("LoadModule mpm_event_module x.so\nThreadsPerChild 10\n"
         "StartServers 2\n",
         MPM_PREFORK, 0);
    ck_assert(!GIVEN(ThreadsPerChild));
    ck_assert_int_eq(NUMBER(StartServers), 2);
    ck_assert_str_eq(conf.use[0].skipped, "not known to mpm_prefork");
}
END_TEST

START_TEST(a_listener_speaks_tls_if_a_host_with_ssl_is_behind_it)
{
    load("Listen 127.0.0.1:8080\nListen 127.0.0.1:8443\nListen 9443\n"
         "Listen 10.0.0.1:443\n"
         "<VirtualHost 127.0.0.1:8443 *:9443>\nSSLEngine on\n"
         "KeepAliveTimeout 1\n</VirtualHost>\n"
         "<VirtualHost 127.0.0.1:443>\nSSLEngine on\n</VirtualHost>\n"
         "<VirtualHost *:8080>\nSSLEngine off\n</VirtualHost>\n",
         -1, 0);
    ck_assert_int_eq(conf.directives.nlisten, 4);
    ck_assert(!conf.directives.listen[0].tls);
    ck_assert(conf.directives.listen[1].tls);
    ck_assert(conf.directives.listen[2].tls);
    ck_assert(!conf.directives.listen[3].tls); /* another address */
    ck_assert(conf.directives.listen[3].https);
    ck_assert(!GIVEN(KeepAliveTimeout));
    ck_assert_str_eq(conf.use[4].skipped,
                     "in <VirtualHost 127.0.0.1:8443 *:9443>");
    load("Listen 443\nSSLEngine on\n", -1, 0);
    ck_assert(conf.directives.listen[0].tls);
}
END_TEST

START_TEST(sections_about_something_else_change_nothing)
{
    load("<Directory \"/a > b\">\nTimeout 1\n<Limit GET>\nKeepAlive Off\n"
         "</Limit>\n</Directory>\n"
         "<Perl>\nif ($x < 3) { <IfModule\n</Perl>\n"
         "<Macro M $a>\n<VirtualHost $a>\n</VirtualHost>\n</Macro>\n"
         "<If \"%{X} -gt 3\">\n</If>\n",
         -1, 0);
    ck_assert(!GIVEN(Timeout));
    ck_assert(!GIVEN(KeepAlive));
    ck_assert_str_eq(conf.use[0].skipped, "in <Directory>");
}
END_TEST

START_TEST(a_value_all_virtual_hosts_share_is_the_servers)
{
    load("Listen 80\nListen 443\nKeepAliveTimeout 5\nTimeout 60\n"
         "<VirtualHost *:80>\nKeepAliveTimeout 2\nTimeout 9\n</VirtualHost>\n"
         "<VirtualHost *:443>\nSSLEngine on\nKeepAliveTimeout 2\n"
         "RequestReadTimeout header=7\n</VirtualHost>\n",
         -1, 0);
    ck_assert_int_eq(conf.directives.v[DIR_KeepAliveTimeout].n, 2 * SIM_S);
    ck_assert_int_eq(conf.directives.v[DIR_Timeout].n, 60 * SIM_S);
    ck_assert(!GIVEN(RequestReadTimeout));
    ck_assert_uint_eq(conf.nwarn, 2);
    ck_assert_str_eq(conf.warn[0].text,
                     "Timeout 9 in <VirtualHost *:80> is not used, for other "
                     "connections do without it; all meet the main server's "
                     "60");
    ck_assert_int_eq(conf.warn[0].line, 7);
    /* a host that no listener leads to does not matter */
    load("Listen 80\n<VirtualHost *:80>\nKeepAlive Off\n"
         "RequestReadTimeout header=7\nRequestReadTimeout body=8\n"
         "</VirtualHost>\n<VirtualHost *:81>\n</VirtualHost>\n",
         -1, 0);
    ck_assert_int_eq(conf.directives.v[DIR_KeepAlive].n, 0);
    ck_assert_str_eq(conf.directives.v[DIR_RequestReadTimeout].text,
                     "header=7 body=8");
    ck_assert(conf.directives.reqtimeout_loaded);
    ck_assert_uint_eq(conf.nwarn, 0);
}
END_TEST

START_TEST(contradictions_are_named)
{
    load("MaxRequestWorkers 100\nKeepAlive Off\nKeepAliveTimeout 3\n"
         "MaxRequestWorkers 200\nTimeout 5\nTimeout 5\nListen 80\n",
         -1, 0);
    ck_assert_uint_eq(conf.nwarn, 2);
    ck_assert_int_eq(conf.warn[0].line, 1);
    ck_assert_ptr_nonnull(
        strstr(conf.warn[0].text, "MaxRequestWorkers 100 has no effect: "));
    ck_assert_ptr_nonnull(strstr(conf.warn[0].text, ":4 says 200"));
    ck_assert_int_eq(conf.warn[1].line, 3);
    ck_assert_ptr_nonnull(strstr(conf.warn[1].text, "KeepAlive is Off at "));
    load("Timeout 5\n", -1, 0);
    ck_assert_uint_eq(conf.nwarn, 1);
    ck_assert_str_eq(conf.warn[0].text,
                     "no Listen; httpd would not start. Port 80 is taken");
}
END_TEST

START_TEST(e12_event_with_one_thread_a_process_is_warned_of)
{
    static const char text[] = "Listen 80\nThreadsPerChild 1\n";
    load(text, MPM_EVENT, 0);
    ck_assert_uint_eq(conf.nwarn, 1);
    ck_assert_int_eq(conf.warn[0].line, 2);
    ck_assert_ptr_nonnull(strstr(conf.warn[0].text, "never accepts again"));
    load(text, MPM_WORKER, 0);
    ck_assert_uint_eq(conf.nwarn, 0);
    load("Listen 80\nThreadsPerChild 2\n", MPM_EVENT, 0);
    ck_assert_uint_eq(conf.nwarn, 0);
}
END_TEST

START_TEST(what_is_not_modelled_is_named_once)
{
    load("LoadModule http2_module m.so\nProtocols h2 http/1.1\n"
         "LoadModule qos_module m.so\nLoadModule qos_module m.so\nListen 80\n"
         "HostnameLookups Off\nMaxRanges none\n"
         "<Location /app>\nSetHandler \"proxy:fcgi://127.0.0.1:9000\"\n"
         "</Location>\n<IfModule no.c>\nProxyPass / http://x/\n</IfModule>\n",
         -1, 0);
    ck_assert_uint_eq(conf.nwarn, 3);
    ck_assert_int_eq(conf.warn[0].line, 2);
    ck_assert_int_eq(conf.warn[1].line, 3);
    ck_assert_int_eq(conf.warn[2].line, 9);
    load("Listen 80\nProtocols h2 http/1.1\n", -1, 0);
    ck_assert_uint_eq(conf.nwarn, 0); /* mod_http2 is not loaded */
}
END_TEST

static void load_folder(void)
{
    struct err e;

    err_init(&e);
    ck_assert_msg(httpd_conf_load(folder, NULL, arena, &conf, &e), "%s:%ld: %s",
                  e.file, e.line, e.text);
}

START_TEST(a_tree_as_debian_has_it)
{
    dir("mods-enabled");
    dir("mods-available");
    dir("conf-enabled");
    dir("sites-enabled");
    file("apache2.conf",
         "DefaultRuntimeDir ${APACHE_RUN_DIR}\nTimeout 300\nKeepAlive On\n"
         "IncludeOptional mods-enabled/*.load\n"
         "IncludeOptional mods-enabled/*.conf\nInclude ports.conf\n"
         "IncludeOptional conf-enabled/*.conf\n"
         "IncludeOptional /etc/apache2/sites-enabled/*.conf\n");
    file("ports.conf", "Listen 80\n<IfModule ssl_module>\n\tListen 443\n"
                       "</IfModule>\n");
    file("mods-available/mpm_event.load",
         "# Conflicts: mpm_worker mpm_prefork\n"
         "LoadModule mpm_event_module /usr/lib/m/mod_mpm_event.so\n");
    file("mods-available/mpm_event.conf",
         "StartServers\t\t2\nThreadLimit 64\nMaxRequestWorkers\t  150\n");
    ck_assert_int_eq(symlink("../mods-available/mpm_event.load",
                             path_of("mods-enabled/mpm_event.load")),
                     0);
    ck_assert_int_eq(symlink("../mods-available/mpm_event.conf",
                             path_of("mods-enabled/mpm_event.conf")),
                     0);
    file("sites-enabled/000-default.conf",
         "<VirtualHost *:80>\n\tDocumentRoot /var/www/html\n"
         "\tTimeout 20\n</VirtualHost>\n");
    load_folder();
    ck_assert_int_eq(conf.mpm, MPM_EVENT);
    ck_assert_int_eq(conf.directives.v[DIR_MaxRequestWorkers].n, 150);
    ck_assert_int_eq(conf.directives.v[DIR_Timeout].n, 20 * SIM_S);
    ck_assert_int_eq(conf.directives.nlisten, 1);
    ck_assert_uint_eq(conf.nfiles, 5);
    ck_assert_uint_eq(conf.nwarn, 0);
}
END_TEST

START_TEST(a_tree_as_rhel_has_it)
{
    dir("conf");
    dir("conf.d");
    dir("conf.modules.d");
    file("conf/httpd.conf",
         "ServerRoot \"/etc/httpd\"\nListen 80\n"
         "Include conf.modules.d/*.conf\nUser apache\n"
         "<Directory />\n    AllowOverride none\n    Require all denied\n"
         "</Directory>\n<IfModule dir_module>\n    DirectoryIndex index.html\n"
         "</IfModule>\nIncludeOptional conf.d/*.conf\n"
         "Include /etc/httpd/extra.conf\n");
    file("extra.conf", "MaxKeepAliveRequests 7\n");
    file("conf.modules.d/00-base.conf",
         "LoadModule reqtimeout_module modules/mod_reqtimeout.so\n");
    file("conf.modules.d/00-mpm.conf",
         "#LoadModule mpm_prefork_module modules/mod_mpm_prefork.so\n"
         "LoadModule mpm_event_module modules/mod_mpm_event.so\n");
    file("conf.modules.d/00-ssl.conf",
         "LoadModule ssl_module modules/mod_ssl.so\n");
    file("conf.d/ssl.conf", "Listen 443 https\n<VirtualHost _default_:443>\n"
                            "SSLEngine on\n</VirtualHost>\n");
    load_folder();
    ck_assert_int_eq(conf.mpm, MPM_EVENT);
    ck_assert_int_eq(conf.directives.nlisten, 2);
    ck_assert(!conf.directives.listen[0].tls);
    ck_assert(conf.directives.listen[1].tls);
    ck_assert(conf.directives.reqtimeout_loaded);
    ck_assert_int_eq(conf.directives.v[DIR_MaxKeepAliveRequests].n, 7);
    ck_assert_uint_eq(conf.nfiles, 6);
}
END_TEST

START_TEST(versions_and_files_are_asked_for)
{
    file("there", "");
    load("<IfVersion >= 2.4.10>\nTimeout 1\n</IfVersion>\n"
         "<IfVersion < 2.4>\nTimeout 2\n</IfVersion>\n"
         "<IfVersion 2.4.20>\nKeepAliveTimeout 3\n</IfVersion>\n"
         "<IfVersion !~ ^2.2>\nMaxKeepAliveRequests 4\n</IfVersion>\n"
         "<IfVersion /^2[.](4([.][0-9]{1,2})?|5)$/>\nServerLimit 7\n"
         "</IfVersion>\n"
         "<IfFile there>\nStartServers 5\n</IfFile>\n"
         "<IfFile missing>\nStartServers 6\n</IfFile>\n",
         -1, HTTPD_VERSION(2, 4, 20));
    ck_assert_int_eq(NUMBER(Timeout), SIM_S);
    ck_assert_int_eq(NUMBER(KeepAliveTimeout), 3 * SIM_S);
    ck_assert_int_eq(NUMBER(MaxKeepAliveRequests), 4);
    ck_assert_int_eq(NUMBER(ServerLimit), 7);
    ck_assert_int_eq(NUMBER(StartServers), 5);
}
END_TEST

START_TEST(a_tree_is_read_in_the_order_of_names)
{
    dir("mods");
    dir("sites");
    dir("sites/more");
    file("mods/b.load", "Timeout 2\n");
    file("mods/a.load", "Timeout 1\nKeepAliveTimeout 1\n");
    file("sites/more/x.conf", "MaxKeepAliveRequests 9\n");
    load("ServerRoot /nowhere/etc/apache2\n"
         "IncludeOptional mods/*.load\nInclude sites\n"
         "IncludeOptional none/*.conf\nIncludeOptional none.conf\n",
         -1, 0);
    ck_assert_int_eq(NUMBER(Timeout), 2 * SIM_S);
    ck_assert_int_eq(NUMBER(KeepAliveTimeout), SIM_S);
    ck_assert_int_eq(NUMBER(MaxKeepAliveRequests), 9);
    ck_assert_uint_eq(conf.nfiles, 4);
    ck_assert_str_eq(conf.files[1], path_of("mods/a.load"));
}
END_TEST

START_TEST(a_copied_red_hat_tree_is_found_above_its_conf)
{
    dir("conf.modules.d");
    dir("conf");
    file("conf.modules.d/00-mpm.conf",
         "LoadModule mpm_event_module modules/mod_mpm_event.so\n");
    file("conf/httpd.conf", "ServerRoot \"/nowhere/etc/httpd\"\n"
                            "Include conf.modules.d/*.conf\n");
    struct err e;
    err_init(&e);
    ck_assert(
        httpd_conf_load(path_of("conf/httpd.conf"), NULL, arena, &conf, &e));
    ck_assert_int_eq(conf.mpm, MPM_EVENT);
}
END_TEST

START_TEST(include_loops_end_with_a_message)
{
    file("httpd.conf", "\n Include b.conf\n");
    file("b.conf", "Include httpd.conf\n");
    ck_assert_ptr_nonnull(strstr(refusal(ERR_CONTENT), "includes itself"));
    for (int i = 0; i < 40; i++)
        file(arena_printf(arena, "c%d.conf", i),
             arena_printf(arena, "Include c%d.conf\n", i + 1));
    file("httpd.conf", "Include c0.conf\n");
    ck_assert_str_eq(refusal(ERR_CONTENT),
                     "c30.conf:1:1: files included more than 32 deep");
}
END_TEST

START_TEST(hostile_files_stay_small)
{
    size_t len = (size_t)20 << 20;
    char *big = must_alloc(len);

    memset(big, 'x', len);
    write_bytes("httpd.conf", big, len);
    ck_assert_str_eq(refusal(ERR_CONTENT),
                     "httpd.conf: larger than 16 MiB; is this an httpd "
                     "configuration?");
    write_bytes("httpd.conf", big, (size_t)2 << 20);
    ck_assert_str_eq(refusal(ERR_CONTENT),
                     "httpd.conf:1:1: a line of more than 1024 KiB");
    len = 0;
    for (int i = 0; i < 10000; i++)
        len += (size_t)sprintf(big + len, "<IfModule core.c>\n");
    write_bytes("httpd.conf", big, len);
    ck_assert_str_eq(refusal(ERR_CONTENT),
                     "httpd.conf:201:1: sections nested more than 200 deep");
    len = (size_t)sprintf(big, "Define A xxxxxxxxxxxxxxxx\n");
    for (int i = 0; i < 40; i++)
        len += (size_t)sprintf(big + len, "Define A ${A}${A}\n");
    write_bytes("httpd.conf", big, len);
    ck_assert_ptr_nonnull(strstr(refusal(ERR_CONTENT),
                                 "variables make this configuration larger"));
    len = 0;
    for (int i = 0; i < 30000; i++)
        len += (size_t)sprintf(big + len, "Define A%d\n", i);
    write_bytes("httpd.conf", big, len);
    ck_assert_str_eq(refusal(ERR_CONTENT),
                     "httpd.conf:20002:1: more than 20000 definitions, "
                     "modules and directives");
    free(big);
}
END_TEST

START_TEST(other_encodings_are_no_error_outside_our_values)
{
    write_bytes("httpd.conf", "\xef\xbb\xbf# Gr\xfc\xdf\x65\nTimeout 5\n", 21);
    struct err e;
    err_init(&e);
    ck_assert(httpd_conf_load(path_of("httpd.conf"), NULL, arena, &conf, &e));
    ck_assert_int_eq(NUMBER(Timeout), 5 * SIM_S);
    file("httpd.conf", "KeepAliveTimeout \x01\x02\n");
    ck_assert_ptr_nonnull(strstr(refusal(ERR_CONTENT), "found \""));
}
END_TEST

Suite *suite_httpd_conf(void);

Suite *suite_httpd_conf(void)
{
    Suite *s = suite_create("httpd_conf");
    TCase *tc = tcase_create("import");

    tcase_add_checked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc,
                   the_last_one_wins_in_any_case_with_quotes_and_continuation);
    tcase_add_test(tc, units_are_httpds);
    tcase_add_test(tc, variables_and_conditions_are_followed);
    tcase_add_test(tc, load_module_chooses_the_mpm_and_reqtimeout);
    tcase_add_test(tc, what_the_other_mpm_does_not_know_is_dropped);
    tcase_add_test(tc, a_listener_speaks_tls_if_a_host_with_ssl_is_behind_it);
    tcase_add_test(tc, sections_about_something_else_change_nothing);
    tcase_add_test(tc, a_value_all_virtual_hosts_share_is_the_servers);
    tcase_add_test(tc, contradictions_are_named);
    tcase_add_test(tc, e12_event_with_one_thread_a_process_is_warned_of);
    tcase_add_test(tc, what_is_not_modelled_is_named_once);
    tcase_add_test(tc, a_tree_as_debian_has_it);
    tcase_add_test(tc, a_tree_as_rhel_has_it);
    tcase_add_test(tc, versions_and_files_are_asked_for);
    tcase_add_test(tc, a_tree_is_read_in_the_order_of_names);
    tcase_add_test(tc, a_copied_red_hat_tree_is_found_above_its_conf);
    tcase_add_test(tc, include_loops_end_with_a_message);
    tcase_add_test(tc, hostile_files_stay_small);
    tcase_add_test(tc, other_encodings_are_no_error_outside_our_values);
    suite_add_tcase(s, tc);
    return s;
}
