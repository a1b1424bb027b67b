/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The actions of a scenario, and the settings from each restart on. */
#include "config/scenario_build.h"

#include <string.h>

#include "config/json.h"

#define MAX_ACTIONS 10000

/* An action as it was read. */
struct change {
    struct scenario_action action;
    const struct json_node *directives; /* or NULL */
};

static const char *const action_names[] = {
    "graceful_restart", "restart", "graceful_stop", "stop", "crash", NULL
};

static bool is_meant(const struct scenario_action *a,
                     const struct scenario_server *s)
{
    return a->server == NULL ||
           (s->name != NULL && strcmp(a->server, s->name) == 0);
}

/* A directive that a restart is to change: at least one server must have it,
 * and its value must be right. */
static bool check_change(struct build *b, const struct json_node *m,
                         const struct scenario_action *a,
                         const struct json_node **seen)
{
    struct directives scratch = { .reqtimeout_loaded = true };
    int d = directive_find(json_key(m), NULL);

    if (d < 0)
        return build_unknown_directive(b, m);
    if (d == DIR_Listen)
        return reader_fail(&b->r, m, true,
                           "other listeners after a restart are not modelled; "
                           "give Listen to the server");
    for (size_t i = 0; i < b->sc->nservers; i++) {
        enum mpm_kind mpm = b->sc->servers[i].mpm;
        if (is_meant(a, &b->sc->servers[i]) &&
            (directive_table[d].mpms & 1u << mpm) != 0)
            return build_directive(b, m, mpm, seen, &scratch);
    }
    return reader_fail(&b->r, m, true,
                       a->server == NULL
                           ? "no server of this scenario has that directive"
                           : "this server has no such directive");
}

static bool check_changes(struct build *b, const struct json_node *o,
                          const struct scenario_action *a)
{
    const struct json_node *seen[DIR_COUNT] = { NULL };
    bool ok = true;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    for (struct json_node *k = json_first(o); k != NULL; k = json_next(k))
        ok = check_change(b, k, a, seen) && ok;
    return ok;
}

/* "server" of an action: the name of one. */
static bool read_meant(struct build *b, const struct json_node *m,
                       struct scenario_action *a)
{
    const char *names[MAX_SERVERS];
    const char *name, *near;
    char shown[80];
    size_t n = 0;

    if (!read_text(&b->r, m, &name))
        return false;
    for (size_t i = 0; i < b->sc->nservers; i++) {
        if (b->sc->servers[i].name == NULL)
            continue;
        names[n++] = b->sc->servers[i].name;
        if (strcmp(names[n - 1], name) != 0)
            continue;
        a->server = name;
        return true;
    }
    near = err_nearest(name, names, n);
    (void)json_show(m, shown, sizeof shown);
    if (near != NULL)
        return reader_fail(&b->r, m, false,
                           "no server is called %s; did you mean \"%s\"?",
                           shown, near);
    return reader_fail(&b->r, m, false, "no server is called %s", shown);
}

/* When: at a time, or at a rate from that time on. */
static bool read_when(struct build *b, const struct json_node *o,
                      struct scenario_action *a)
{
    static const struct param per_s = {
        .name = "rate", .type = PARAM_RATE, .min = 1e-9, .max = 1e6
    };
    const struct json_node *at = json_get(o, "at");
    const struct json_node *rate = json_get(o, "rate");
    bool ok = true;

    if (at == NULL && rate == NULL)
        return reader_missing(&b->r, o, "at", NULL, 0, " (or \"rate\")");
    if (at != NULL)
        ok = read_time(&b->r, at, -LONGEST, LONGEST, &a->at);
    if (rate != NULL)
        ok = param_read(&b->r, rate, &per_s, &a->rate) && ok;
    return ok;
}

static bool read_action(struct build *b, const struct json_node *o,
                        struct change *c)
{
    static const char *const keys[] = { "at",     "rate", "do",
                                        "server", "slot", "directives" };
    struct scenario_action *a = &c->action;
    const struct json_node *m;
    bool ok;
    int what;

    if (!reader_type(&b->r, o, JSON_OBJECT))
        return false;
    ok = reader_keys(&b->r, o, keys, COUNT(keys));
    ok = read_when(b, o, a) && ok;
    if ((m = json_get(o, "do")) == NULL)
        return reader_missing(&b->r, o, "do", keys, COUNT(keys), "%s", "");
    if (!read_choice(&b->r, m, action_names, &what))
        return false;
    a->what = (enum action_kind)what;
    if ((m = json_get(o, "server")) != NULL)
        ok = read_meant(b, m, a) && ok;
    a->slot = -1;
    if ((m = json_get(o, "slot")) != NULL && a->what != ACTION_CRASH)
        return reader_fail(&b->r, m, true, "only a crash has a slot");
    if (m != NULL)
        ok = read_count(&b->r, m, 0, 20000, &a->slot) && ok;
    if ((m = json_get(o, "directives")) == NULL)
        return ok;
    if (a->what != ACTION_GRACEFUL_RESTART && a->what != ACTION_RESTART)
        return reader_fail(&b->r, m, true, "a %s takes no directives",
                           a->what == ACTION_CRASH ? "crash" : "stop");
    if (a->rate > 0)
        return reader_fail(&b->r, m, true,
                           "a restart that changes directives needs its time, "
                           "\"at\" without \"rate\"");
    c->directives = m;
    return check_changes(b, m, a) && ok;
}

/* ---- settings from a restart on ---- */

/* Whether the note N was among those in the NSEEN lists before. */
static bool noted(const struct settings_note *n,
                  const struct settings_notes *seen, size_t nseen)
{
    for (size_t i = 0; i < nseen; i++) {
        for (size_t k = 0; k < seen[i].n; k++) {
            if (strcmp(seen[i].v[k].text, n->text) == 0)
                return true;
        }
    }
    return false;
}

/* One server through its restarts: D and *NOW are what it has before C. */
static bool change_server(struct build *b, const struct scenario_server *s,
                          const struct change *c, struct directives *d,
                          struct settings *now, struct settings_notes *notes)
{
    const struct json_node *seen[DIR_COUNT] = { NULL };
    struct settings after;
    struct err e;
    bool ok = true;

    for (struct json_node *k = json_first(c->directives); k != NULL;
         k = json_next(k)) {
        int i = directive_find(json_key(k), NULL);
        if ((directive_table[i].mpms & 1u << s->mpm) != 0)
            ok = build_directive(b, k, s->mpm, seen, d) && ok;
    }
    err_init(&e);
    if (ok && !settings_restart(
                  d, now, c->action.what == ACTION_GRACEFUL_RESTART,
                  (int)b->sc->machine.cpus, b->r.arena, &after, notes, &e))
        ok = reader_take(&b->r, c->directives, &e);
    if (ok)
        *now = after;
    return ok;
}

/* Changes add up: a later restart reads the file as the earlier one left it. */
static void change_servers(struct build *b, const struct change *c)
{
    struct scenario *sc = b->sc;
    struct settings_notes *notes =
        arena_alloc(sc->arena, (sc->nactions + 1) * sizeof *notes);

    for (size_t i = 0; i < sc->nservers; i++) {
        const struct scenario_server *s = &sc->servers[i];
        struct directives d = s->directives;
        struct settings now = s->settings;
        size_t n = 0;
        notes[n++] = s->notes;
        for (size_t k = 0; k < sc->nactions; k++) {
            if (c[k].directives == NULL)
                continue;
            if (is_meant(&c[k].action, s) &&
                !change_server(b, s, &c[k], &d, &now, &notes[n]))
                return;
            sc->actions[k].settings[i] = now;
            for (size_t j = 0; j < notes[n].n; j++) {
                const struct settings_note *note = &notes[n].v[j];
                if (!noted(note, notes, n) && build_wanted(b->opts, s->mpm))
                    build_warn(b, note->file, note->line, note->col,
                               build_note_text(note, s->name, sc->arena));
            }
            n++;
        }
    }
}

/* In the order of time, and of the file at the same time. */
static size_t sort_in(struct change *list, size_t n, struct change c)
{
    size_t k = n;

    for (; k > 0 && c.action.at < list[k - 1].action.at; k--)
        list[k] = list[k - 1];
    list[k] = c;
    return n + 1;
}

void build_actions(struct build *b)
{
    const struct json_node *list = json_get(json_root(b->r.json), "actions");
    struct scenario *sc = b->sc;
    struct change *changes;

    if (list == NULL || !reader_type(&b->r, list, JSON_LIST))
        return;
    if (json_len(list) > MAX_ACTIONS) {
        (void)reader_fail(&b->r, list, false, "more than %d actions",
                          MAX_ACTIONS);
        return;
    }
    changes = arena_alloc(sc->arena, (json_len(list) + 1) * sizeof *changes);
    sc->actions =
        arena_alloc(sc->arena, (json_len(list) + 1) * sizeof *sc->actions);
    for (struct json_node *m = json_first(list); m != NULL; m = json_next(m)) {
        struct change c = { .directives = NULL };
        if (read_action(b, m, &c))
            sc->nactions = sort_in(changes, sc->nactions, c);
    }
    for (size_t i = 0; i < sc->nactions; i++) {
        struct scenario_action *a = &sc->actions[i];
        *a = changes[i].action;
        if (changes[i].directives != NULL)
            a->settings =
                arena_alloc(sc->arena, sc->nservers * sizeof *a->settings);
    }
    if (b->r.nerrors == 0)
        change_servers(b, changes);
}
