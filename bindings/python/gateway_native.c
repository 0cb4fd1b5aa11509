/* What Python needs beside the C ABI itself: log lines that are collected, because no script runs inside a gw_ call,
 * and inspectors behind a lock, because Python's collector may free one on any thread while another one is at work.
 *
 * Everything between the marks is declared to cffi, too: gateway_build.py. */
#include <gateway/gateway.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if 0  /* declarations for cffi */
typedef struct gateway_py_line { struct gateway_py_line *next; int level; size_t len; char text[]; } gateway_py_line;
typedef struct gateway_py_lines { gateway_py_line *first; gateway_py_line *last; size_t count; } gateway_py_lines;
typedef struct gateway_py_home { gw_gateway *gateway; gateway_py_lines lines; } gateway_py_home;
typedef struct gateway_py_scanner gateway_py_scanner;
typedef struct gateway_py_text { gateway_py_scanner *home; gw_inspector *inspector; char *out; size_t len; size_t room; uint64_t at; int given; } gateway_py_text;
void gateway_py_log(void *user, gw_log_level level, gw_str line);
gateway_py_line *gateway_py_take_line(gateway_py_lines *lines);
void gateway_py_free_line(gateway_py_line *line);
gateway_py_home *gateway_py_home_new(void);
void gateway_py_home_free(gateway_py_home *home);
gw_status gateway_py_scanner_new(gw_ruleset *rules, size_t table_bytes_max, gateway_py_scanner **out);
void gateway_py_scanner_free(gateway_py_scanner *scanner);
void gateway_py_lock(gateway_py_scanner *scanner);
void gateway_py_unlock(gateway_py_scanner *scanner);
gw_status gateway_py_text_new(gateway_py_scanner *scanner, const gw_inspector_options *options, gateway_py_text **out);
void gateway_py_text_free(gateway_py_text *text);
int gateway_py_feed(gateway_py_text *text, const char *data, size_t len);
int gateway_py_finish(gateway_py_text *text);
int gateway_py_tick(gateway_py_text *text, uint64_t monotonic_ms);
#endif /* for cffi */

/* --- log lines ---------------------------------------------------------------------------------------------------- */

typedef struct gateway_py_line {
    struct gateway_py_line* next;
    int level;
    size_t len;
    char text[];
} gateway_py_line;

typedef struct gateway_py_lines {
    gateway_py_line *first, *last;
    size_t count;
} gateway_py_lines;

enum { LINES_MAX = 10000 }; /* between two turns of the loop; what is more is lost */

/* gw_host.log; `user` is a gateway_py_lines. */
static void gateway_py_log(void* user, gw_log_level level, gw_str line) {
    gateway_py_lines* lines = user;
    gateway_py_line* made = lines->count < LINES_MAX ? malloc(sizeof *made + line.len) : NULL;
    if (made == NULL) return;
    made->next = NULL;
    made->level = level;
    made->len = line.len;
    if (line.len > 0) memcpy(made->text, line.data, line.len);
    if (lines->last != NULL)
        lines->last->next = made;
    else
        lines->first = made;
    lines->last = made;
    lines->count++;
}

static gateway_py_line* gateway_py_take_line(gateway_py_lines* lines) {
    gateway_py_line* taken = lines->first;
    if (taken == NULL) return NULL;
    lines->first = taken->next;
    if (lines->first == NULL) lines->last = NULL;
    lines->count--;
    return taken;
}

static void gateway_py_free_line(gateway_py_line* line) { free(line); }

/* A gateway and what it says, in one piece: of two, the collector might end the lines first. */
typedef struct gateway_py_home {
    gw_gateway* gateway;
    gateway_py_lines lines;
} gateway_py_home;

static gateway_py_home* gateway_py_home_new(void) { return calloc(1, sizeof(gateway_py_home)); }

static void gateway_py_home_free(gateway_py_home* home) {
    if (home == NULL) return;
    gw_gateway_free(home->gateway);
    for (gateway_py_line* line; (line = gateway_py_take_line(&home->lines)) != NULL;) gateway_py_free_line(line);
    free(home);
}

/* --- inspectors --------------------------------------------------------------------------------------------------- */

typedef struct gateway_py_scanner {
    pthread_mutex_t mutex; /* recursive: the collector may free an inspector while its thread reads another one */
    gw_scanner* scanner;
    size_t users; /* its owner, and its texts: the collector ends them in any order */
} gateway_py_scanner;

typedef struct gateway_py_text {
    gateway_py_scanner* home;
    gw_inspector* inspector;
    char* out; /* what may leave after the last call, when it is not simply what came */
    size_t len, room;
    uint64_t at; /* bytes fed so far */
    int given;   /* Python has not copied `out` yet: a second thread that comes now is told so */
} gateway_py_text;

static gw_status gateway_py_scanner_new(gw_ruleset* rules, size_t table_bytes_max, gateway_py_scanner** out) {
    gateway_py_scanner* made = malloc(sizeof *made);
    if (made == NULL) return GW_ERR_NO_MEMORY;
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&made->mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    made->users = 1;
    const gw_status status = gw_scanner_new(rules, NULL, table_bytes_max, &made->scanner);
    if (status == GW_OK)
        *out = made;
    else
        free(made);
    return status;
}

static void gateway_py_lock(gateway_py_scanner* scanner) { pthread_mutex_lock(&scanner->mutex); }
static void gateway_py_unlock(gateway_py_scanner* scanner) { pthread_mutex_unlock(&scanner->mutex); }

/* Behind gateway_py_lock(): one user less. */
static void gateway_py_leave(gateway_py_scanner* scanner) {
    const bool last = --scanner->users == 0;
    gateway_py_unlock(scanner);
    if (!last) return;
    gw_scanner_free(scanner->scanner);
    pthread_mutex_destroy(&scanner->mutex);
    free(scanner);
}

static void gateway_py_scanner_free(gateway_py_scanner* scanner) {
    if (scanner == NULL) return;
    gateway_py_lock(scanner);
    gateway_py_leave(scanner);
}

static gw_status gateway_py_text_new(gateway_py_scanner* scanner, const gw_inspector_options* options,
                                     gateway_py_text** out) {
    gateway_py_text* made = calloc(1, sizeof *made);
    if (made == NULL) return GW_ERR_NO_MEMORY;
    made->home = scanner;
    gateway_py_lock(scanner);
    const gw_status status = gw_inspector_new(scanner->scanner, options, &made->inspector);
    if (status == GW_OK) scanner->users++;
    gateway_py_unlock(scanner);
    if (status == GW_OK)
        *out = made;
    else
        free(made);
    return status;
}

static void gateway_py_text_free(gateway_py_text* text) {
    if (text == NULL) return;
    gateway_py_lock(text->home);
    gw_inspector_free(text->inspector);
    gateway_py_leave(text->home);
    free(text->out);
    free(text);
}

static bool gateway_py_keep(gateway_py_text* text, gw_str piece) {
    if (piece.len > text->room - text->len) {
        size_t room = text->room < 256 ? 256 : text->room;
        while (room - text->len < piece.len) room *= 2;
        char* more = realloc(text->out, room);
        if (more == NULL) return false;
        text->out = more;
        text->room = room;
    }
    memcpy(text->out + text->len, piece.data, piece.len);
    text->len += piece.len;
    return true;
}

enum { IN_OUT = -1 };

/* Takes every part. From 0 on: so many bytes of the beginning of `data` leave, and nothing else. IN_OUT: what leaves is
 * in `out`; else a gw_status, and with GW_ERR_BLOCKED what leaves is in `out`. */
static int gateway_py_collect(gateway_py_text* text, gw_status status, const char* data, size_t len) {
    const uint64_t begin = text->at;
    size_t beginning = 0;
    gw_inspected part = {.size = sizeof part};
    text->len = 0;
    if (status != GW_OK && status != GW_ERR_BLOCKED) return status;
    text->at += len;
    while (gw_inspector_next(text->inspector, &part) == GW_OK) {
        if (status == GW_OK && text->len == 0 && part.begin == begin + beginning && !part.replacement &&
            part.data.len <= INT_MAX - beginning) {
            beginning += part.data.len;
            continue;
        }
        if (beginning > 0 && !gateway_py_keep(text, (gw_str){data, beginning})) return GW_ERR_NO_MEMORY;
        beginning = 0;
        if (part.data.len > 0 && !gateway_py_keep(text, part.data)) return GW_ERR_NO_MEMORY;
    }
    return status != GW_OK ? (int)status : text->len > 0 ? IN_OUT : (int)beginning;
}

typedef gw_status gateway_py_call(gateway_py_text* text, const char* data, size_t len, uint64_t now);

static int gateway_py_run(gateway_py_text* text, gateway_py_call* call, const char* data, size_t len, uint64_t now) {
    gateway_py_lock(text->home);
    int result = GW_ERR_STATE;
    if (!text->given) {
        result = gateway_py_collect(text, call(text, data, len, now), data, len);
        text->given = result == IN_OUT || result == GW_ERR_BLOCKED;
    }
    gateway_py_unlock(text->home);
    return result;
}

static gw_status call_feed(gateway_py_text* text, const char* data, size_t len, uint64_t now) {
    (void)now;
    return gw_inspector_feed(text->inspector, data, len);
}

static gw_status call_finish(gateway_py_text* text, const char* data, size_t len, uint64_t now) {
    (void)data, (void)len, (void)now;
    return gw_inspector_finish(text->inspector);
}

static gw_status call_tick(gateway_py_text* text, const char* data, size_t len, uint64_t now) {
    (void)data, (void)len;
    return gw_inspector_tick(text->inspector, now);
}

static int gateway_py_feed(gateway_py_text* text, const char* data, size_t len) {
    return gateway_py_run(text, call_feed, data, len, 0);
}
static int gateway_py_finish(gateway_py_text* text) { return gateway_py_run(text, call_finish, NULL, 0, 0); }
static int gateway_py_tick(gateway_py_text* text, uint64_t now) {
    return gateway_py_run(text, call_tick, NULL, 0, now);
}
