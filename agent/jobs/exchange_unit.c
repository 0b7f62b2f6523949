#include "jobs/exchange_unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/shell.h"

enum {
    ASK_LIMIT_MS = 30000, /* a busy systemd answers late */
    SHOWN_MAX_BYTES = 8192,
};

static const char bar_folder[] = "/run/systemd/system";
static const char bar_name[] = "redkeep-restore.conf";
static const char bar_text[] =
    "# redkeep restore is at work in the data directory.\n"
    "[Unit]\nConditionPathExists=/run/redkeep-restore-is-at-work/never\n";

/* systemctl with words, the unit's name behind them if there is one. */
static int
tell(const char *words, const char *name, unsigned limit_ms, bool finish,
     struct error *e)
{
    char *word = text_shell_word(name != NULL ? name : "");
    char *command = text_format("exec systemctl %s%s%s", words,
                                name != NULL ? " " : "",
                                name != NULL ? word : "");
    const struct shell_task task = {.command = command,
                                    .timeout_ms = limit_ms,
                                    .watched = -1,
                                    .finish = finish};
    struct shell_outcome outcome;
    const char *said;
    int rc = shell_run(&task, &outcome, e);

    said = outcome.errors[0] != '\0' ? outcome.errors : outcome.output;
    if (rc == 0 && outcome.timed_out)
        rc = error_set(e, ERROR_FAILED, "%s did not end within %u s",
                       command + strlen("exec "), limit_ms / 1000);
    else if (rc == 0 && outcome.exit_status != 0)
        rc = error_set(e, ERROR_FAILED, "%s: %s", command + strlen("exec "),
                       said[0] != '\0' ? said : "failed");
    free(command);
    free(word);
    return rc;
}

static void
take_text(char *out, size_t size, const char *value)
{
    if (strlen(value) < size)
        memcpy(out, value, strlen(value) + 1);
}

static void
take_number(int64_t *out, const char *value)
{
    uint64_t number;

    if (text_number(value, INT32_MAX, &number))
        *out = (int64_t)number;
}

/* One line of what systemctl show prints: "Name=value". */
static void
take(struct exchange_unit *u, const char *name, const char *value)
{
    if (strcmp(name, "Id") == 0 && value[0] != '\0')
        take_text(u->name, sizeof u->name, value);
    else if (strcmp(name, "LoadState") == 0)
        take_text(u->load, sizeof u->load, value);
    else if (strcmp(name, "ActiveState") == 0)
        take_text(u->active, sizeof u->active, value);
    else if (strcmp(name, "SubState") == 0)
        take_text(u->sub, sizeof u->sub, value);
    else if (strcmp(name, "MainPID") == 0)
        take_number(&u->main_pid, value);
    else if (strcmp(name, "NRestarts") == 0)
        take_number(&u->restarts, value);
    else if (strcmp(name, "DropInPaths") == 0)
        u->barred = strstr(value, bar_name) != NULL;
}

int
exchange_unit_look(struct exchange_unit *u, struct error *e)
{
    char properties[] = "Id,LoadState,ActiveState,SubState,MainPID,NRestarts,"
                        "DropInPaths";
    char *argv[] = {"systemctl", "show",  "--property",
                    properties,  u->name, NULL};
    char shown[SHOWN_MAX_BYTES], *line, *rest;
    int status;

    u->load[0] = u->active[0] = u->sub[0] = '\0';
    u->barred = false;
    u->main_pid = 0;
    u->restarts = -1;
    if (process_run(argv, shown, sizeof shown, ASK_LIMIT_MS, &status, e) != 0)
        return -1;
    for (line = strtok_r(shown, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');

        if (equals == NULL)
            continue;
        *equals = '\0';
        take(u, line, equals + 1);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && u->load[0] != '\0')
        return 0;
    /* Again for its own words, which process_run does not keep. */
    if (tell("show --property LoadState", u->name, ASK_LIMIT_MS, false, e) == 0)
        error_set(e, ERROR_FAILED, "systemctl show %s tells nothing", u->name);
    return -1;
}

/* systemctl takes patterns for names; one unit and no other is meant. */
static int
check_name(const char *name, struct error *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789:-_.\\@";
    const char *at = strchr(name, '@'), *dot = strrchr(name, '.');
    char shown[64];

    if (name[0] == '\0' || name[0] == '-' ||
        strspn(name, allowed) != strlen(name) ||
        strlen(name) >= EXCHANGE_UNIT_NAME_SIZE)
        return error_set(e, ERROR_USAGE,
                         "--service: '%s' is not the name of a unit",
                         text_quote(shown, sizeof shown, name, strlen(name)));
    if (at != NULL && (at[1] == '\0' || strcmp(at + 1, ".service") == 0))
        return error_set(e, ERROR_REFUSED,
                         "%s is a template: name the instance that runs, such"
                         " as %.*s@NAME ('systemctl list-units \"%.*s@*\"'"
                         " shows them)",
                         name, (int)(at - name), name, (int)(at - name), name);
    if (dot != NULL &&
        (strcmp(dot, ".socket") == 0 || strcmp(dot, ".target") == 0 ||
         strcmp(dot, ".timer") == 0 || strcmp(dot, ".slice") == 0))
        return error_set(e, ERROR_REFUSED,
                         "%s is no service: name the unit that runs the"
                         " server",
                         name);
    return 0;
}

static int
check_load(const struct exchange_unit *u, bool again, struct error *e)
{
    if (strcmp(u->load, "loaded") == 0 ||
        (again && strcmp(u->load, "masked") == 0))
        return 0;
    if (strcmp(u->load, "masked") == 0)
        return error_set(e, ERROR_REFUSED,
                         "%s is masked: somebody keeps it from being started;"
                         " 'systemctl unmask %s' (or 'systemctl unmask"
                         " --runtime %s') ends that",
                         u->name, u->name, u->name);
    if (strcmp(u->load, "not-found") == 0)
        return error_set(e, ERROR_REFUSED,
                         "there is no unit %s: 'systemctl list-units"
                         " \"*redis*\" \"*valkey*\"' shows what there is",
                         u->name);
    return error_set(e, ERROR_REFUSED,
                     "systemd does not load %s (%s): 'systemctl status %s'"
                     " tells why",
                     u->name, u->load, u->name);
}

int
exchange_unit_find(struct exchange_unit *u, const char *name, bool again,
                   struct error *e)
{
    struct error why = {0};

    *u = (struct exchange_unit){0};
    if (check_name(name, e) != 0)
        return -1;
    if (geteuid() != 0)
        return error_set(e, ERROR_REFUSED,
                         "only root may stop %s and keep it from being"
                         " started: run this with sudo, or give"
                         " --stop-command and --start-command",
                         name);
    take_text(u->name, sizeof u->name, name);
    if (exchange_unit_look(u, &why) == 0)
        return check_load(u, again, e);
    if (why.kind == ERROR_STOPPED) {
        *e = why;
        return -1;
    }
    return error_set(e, ERROR_REFUSED,
                     "systemd cannot be asked about %s (%s): give"
                     " --stop-command and --start-command instead of"
                     " --service",
                     name, why.text);
}

/* For a unit whose file wins over a mask. */
static int
bar(struct exchange_unit *u, struct error *e)
{
    char *folder = text_format("%s/%s.d", bar_folder, u->name);
    int dir = -1, rc = -1;

    if (file_make_path(folder, 0755, e) == 0 &&
        (dir = file_open_directory(AT_FDCWD, folder, e)) >= 0)
        rc = file_replace(dir, bar_name, bar_text, strlen(bar_text), 0644, e);
    if (rc == 0)
        rc = tell("daemon-reload", NULL, ASK_LIMIT_MS, false, e);
    if (rc == 0)
        rc = exchange_unit_look(u, e);
    if (rc == 0 && !u->barred)
        rc = error_set(e, ERROR_FAILED,
                       "neither a mask nor %s/%s keeps %s from being started",
                       folder, bar_name, u->name);
    if (dir >= 0)
        close(dir);
    free(folder);
    return rc;
}

static int
unbar(const struct exchange_unit *u, bool *was_there, struct error *e)
{
    char *folder = text_format("%s/%s.d", bar_folder, u->name);
    struct error none = {0};
    struct file_identity id;
    int dir = file_open_directory(AT_FDCWD, folder, &none), rc = 0;

    *was_there = dir >= 0 && file_identify_at(dir, bar_name, &id, &none) == 0;
    if (*was_there)
        rc = file_remove(dir, bar_name, e);
    if (dir >= 0)
        close(dir);
    if (*was_there && rc == 0)
        rc = file_remove_empty(AT_FDCWD, folder, e);
    free(folder);
    return rc;
}

static int
keep_down(struct exchange_unit *u, struct error *e)
{
    struct error none = {0};

    /* Later releases refuse where the mask would have no effect. */
    tell("mask --runtime", u->name, ASK_LIMIT_MS, false, &none);
    if (process_check_stop(e) != 0 || exchange_unit_look(u, e) != 0)
        return -1;
    if (strcmp(u->load, "masked") == 0)
        return 0;
    tell("unmask --runtime", u->name, ASK_LIMIT_MS, false, &none);
    return bar(u, e);
}

static bool
is_down(const struct exchange_unit *u)
{
    return u->main_pid == 0 && (strcmp(u->active, "inactive") == 0 ||
                                strcmp(u->active, "failed") == 0);
}

int
exchange_unit_stop(struct exchange_unit *u, unsigned limit_ms, struct error *e)
{
    struct error none = {0};

    if (tell("stop", u->name, limit_ms, false, e) != 0 || keep_down(u, e) != 0)
        return -1;
    if (is_down(u))
        return 0;
    /* Somebody starts it all the time. The drop-in, that leaves it its own way
     * to stop, can come before the stop. */
    tell("unmask --runtime", u->name, ASK_LIMIT_MS, false, &none);
    if (bar(u, e) != 0 || tell("stop", u->name, limit_ms, false, e) != 0 ||
        exchange_unit_look(u, e) != 0)
        return -1;
    if (is_down(u))
        return 0;
    return error_set(e, ERROR_FAILED,
                     "%s runs again although it was stopped (%s, main process"
                     " %lld)",
                     u->name, u->active, (long long)u->main_pid);
}

int
exchange_unit_release(struct exchange_unit *u, struct error *e)
{
    bool barred;
    int rc = tell("unmask --runtime", u->name, ASK_LIMIT_MS, true, e);

    if (unbar(u, &barred, e) != 0)
        return -1;
    if (barred && tell("daemon-reload", NULL, ASK_LIMIT_MS, true, e) != 0)
        return -1;
    return rc;
}

int
exchange_unit_start(struct exchange_unit *u, struct error *e)
{
    struct error none = {0};

    /* What failed too often before is not to keep it from starting now. */
    tell("reset-failed", u->name, ASK_LIMIT_MS, true, &none);
    return tell("start --no-block", u->name, ASK_LIMIT_MS, true, e);
}
