/* play: a conversation from a file, without a socket. What the gateway says and asks for goes to standard output.
 *
 *     play FILE
 *
 * The files are tests/vectors/conversations/; README.md there says what may stand in a line. The bindings have players
 * of their own, whose output must be the same bytes: same input, same clock, same random numbers. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNS = 32, DIALLED = 16, IDS = 32, LINE = 65536 };
static const uint64_t epoch = 1767225600000u; /* 2026-01-01 */

static gw_gateway* gw;
static gw_conn* conns[CONNS]; /* by their numbers; those that the gateway dials begin with DIALLED */
static size_t dialled = DIALLED;
enum { ASK, REQUEST, RUN, CALL, KINDS };
static uint64_t ids[KINDS][IDS]; /* in the order in which they came */
static size_t id_count[KINDS];
static uint64_t now;
static gw_scanner* scanner;
static gw_inspector* inspector;

static bool random_bytes(void* user, void* out, size_t len) {
    uint64_t* state = user;
    for (size_t i = 0; i < len; i++)
        ((unsigned char*)out)[i] = (unsigned char)((*state = *state * 6364136223846793005u + 1) >> 56);
    return true;
}

/* --- what is said ------------------------------------------------------------------------------------------------ */

static void text(gw_str what) {
    printf(" [");
    fwrite(what.data == NULL ? "" : what.data, 1, what.len, stdout);
    printf("]");
}

static size_t number_of(const gw_event* event) {
    const uint64_t id_of[KINDS] = {event->ask, event->request, event->run, event->call};
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (id_of[kind] == 0) continue;
        for (size_t i = 0; i < id_count[kind]; i++)
            if (ids[kind][i] == id_of[kind]) return i + 1;
        if (id_count[kind] < IDS) ids[kind][id_count[kind]++] = id_of[kind];
        return id_count[kind];
    }
    return 0;
}

static void on_event(const gw_event* event) {
    size_t conn = 0;
    if (event->type == GW_EVENT_CONNECT && dialled < CONNS) {
        conn = dialled++;
        conns[conn] = event->conn;
        gw_conn_set_user(event->conn, &conns[conn]);
    } else if (event->conn != NULL) {
        conn = (size_t)((gw_conn**)gw_conn_user(event->conn) - conns);
    }
    printf("%d %zu %zu %u %u %d %d %d", (int)event->type, conn, number_of(event), event->port, event->listener,
           (int)event->status, event->abort, event->restart);
    const gw_str said[] = {event->host, event->agent,  event->session, event->model,
                           event->tool, event->method, event->caller,  event->data};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) text(said[i]);
    puts("");
    gw_buf out;
    gw_str part;
    if (event->type == GW_EVENT_OUTPUT) {
        for (; gw_conn_take_output(event->conn, &out) == GW_OK; gw_buf_free(&out)) {
            printf("sent");
            text((gw_str){out.data, out.len});
            puts("");
        }
    } else if (event->type == GW_EVENT_READ) {
        printf("reads %d\n", gw_conn_wants_read(event->conn));
    } else if (event->type == GW_EVENT_CLOSE) {
        gw_conn_free(event->conn);
        conns[conn] = NULL;
    } else if (event->type == GW_EVENT_REQUEST) {
        gw_status (*const questions[])(gw_gateway*, gw_request_id, gw_str*) = {gw_request_method, gw_request_path,
                                                                               gw_request_query, gw_request_body};
        printf("asks");
        for (size_t i = 0; i < 4; i++)
            if (questions[i](gw, event->request, &part) == GW_OK) text(part);
        puts("");
    } else if (event->type == GW_EVENT_RUN && gw_run_request(gw, event->run, &part) == GW_OK) {
        printf("wants");
        text(part);
        puts("");
    }
}

static void pump(void) {
    gw_event event = {.size = sizeof event};
    while (gw_gateway_next_event(gw, &event) == GW_OK) on_event(&event);
}

/* What may leave of a text, and whether a rule blocks it. */
static void parts(void) {
    gw_inspected part = {.size = sizeof part};
    gw_inspector_state state = {.size = sizeof state};
    gw_inspector_status(inspector, &state);
    printf("text %d [", state.blocked);
    while (gw_inspector_next(inspector, &part) == GW_OK) fwrite(part.data.data, 1, part.data.len, stdout);
    puts("]");
}

/* --- what is done ------------------------------------------------------------------------------------------------ */

static char* rest; /* of the line */

static gw_str word(void) {
    char* const begin = rest;
    rest += strcspn(rest, " ");
    gw_str out = {begin, (size_t)(rest - begin)};
    if (*rest == ' ') rest++;
    return out;
}

static unsigned long number(void) { return strtoul(word().data, NULL, 10); }
static gw_conn* conn(void) {
    const unsigned long at = number();
    return at < CONNS ? conns[at] : NULL;
}
static uint64_t id(int kind) {
    const unsigned long at = number();
    return at >= 1 && at <= id_count[kind] ? ids[kind][at - 1] : 0;
}

/* What is left of the line, with \r, \n, \\ and \xNN. */
static gw_str words(void) {
    char *to = rest, *const begin = rest;
    for (const char* from = rest; *from != 0; from++) {
        unsigned byte = (unsigned char)*from;
        if (byte == '\\' && from[1] != 0) {
            byte = (unsigned char)*++from;
            if (byte == 'x' && sscanf(from + 1, "%2x", &byte) == 1)
                from += 2;
            else
                byte = byte == 'r' ? '\r' : byte == 'n' ? '\n' : byte;
        }
        *to++ = (char)byte;
    }
    return (gw_str){begin, (size_t)(to - begin)};
}

static gw_status accept_one(void) {
    const unsigned long at = number();
    gw_peer peer = {.size = sizeof peer, .address = {"127.0.0.1", 9}};
    const gw_status status = at < DIALLED ? gw_conn_accept(gw, &peer, &conns[at]) : GW_ERR_ARGUMENT;
    if (status == GW_OK) gw_conn_set_user(conns[at], &conns[at]);
    return status;
}

static gw_status answer(void) {
    const gw_ask_id ask = id(ASK);
    gw_answer said = {.size = sizeof said, .status = (gw_status)atoi(word().data)};
    const gw_str what = words();
    said.addresses = &what;
    said.address_count = what.len > 0;
    said.address = said.user = what;
    return gw_ask_answer(gw, ask, &said);
}

static gw_status respond(void) {
    const gw_request_id request = id(REQUEST);
    const int code = (int)number();
    const gw_str body = words();
    const gw_field type = {{"Content-Type", 12}, {"text/plain", 10}};
    gw_status status = gw_response_start(gw, request, code, &type, 1, body.len);
    if (status == GW_OK) status = gw_response_write(gw, request, body.data, body.len);
    return status == GW_OK ? gw_response_end(gw, request) : status;
}

static gw_status begin(const char* config, uint32_t services) {
    static uint64_t seed = 7;
    gw_host host = {.size = sizeof host, .user = &seed, .random = random_bytes};
    gw_config_source source = {.size = sizeof source, .text = {config, strlen(config)}};
    gw_gateway_options options = {.size = sizeof options, .host = &host, .services = services, .records = true};
    const gw_status status = gw_gateway_open(&source, &options, &gw, NULL);
    return status == GW_OK ? gw_gateway_tick(gw, 0, epoch) : status;
}

static gw_status inspect(void) {
    gw_inspector_options options = {.size = sizeof options};
    options.direction = (gw_direction)number();
    options.mode = (gw_inspect_mode)number();
    if (scanner == NULL) {
        gw_ruleset* rules = NULL;
        gw_status status = gw_ruleset_compile(NULL, NULL, &rules, NULL);
        if (status == GW_OK) status = gw_scanner_new(rules, NULL, 0, &scanner);
        gw_ruleset_free(rules);
        if (status != GW_OK) return status;
    }
    gw_inspector_free(inspector);
    return gw_inspector_new(scanner, &options, &inspector);
}

static gw_status verdict(void) {
    gw_buf json;
    const gw_status status = gw_inspector_verdict(inspector, &json);
    if (status != GW_OK) return status;
    printf("verdict");
    text((gw_str){json.data, json.len});
    puts("");
    gw_buf_free(&json);
    return GW_OK;
}

static gw_status go_on_until(uint64_t then) {
    for (uint64_t due; (due = gw_gateway_next_deadline(gw)) < then; pump()) gw_gateway_tick(gw, due, epoch + due);
    now = then;
    return gw_gateway_tick(gw, now, epoch + now);
}

static gw_status do_line(void) {
    const gw_str verb = word();
    gw_str what, more;
    gw_conn* peer;
    uint64_t about;
#define IS(name) (verb.len == sizeof name - 1 && memcmp(verb.data, name, verb.len) == 0)
    if (IS("gateway")) return about = number(), begin(rest, (uint32_t)about);
    if (IS("at")) return go_on_until(number());
    if (IS("accept")) return accept_one();
    if (IS("send")) return peer = conn(), what = words(), gw_conn_recv(peer, what.data, what.len);
    if (IS("end")) return gw_conn_eof(conn());
    if (IS("opened")) return gw_conn_opened(conn());
    if (IS("failed")) return peer = conn(), gw_conn_failed(peer, words());
    if (IS("answer")) return answer();
    if (IS("route")) return about = number(), what = word(), gw_gateway_route(gw, what, words(), (uint32_t)about, 0, 0);
    if (IS("respond")) return respond();
    if (IS("agent")) return gw_gateway_agent(gw, words());
    if (IS("say")) return about = id(RUN), gw_run_delta(gw, about, GW_RUN_TEXT, words());
    if (IS("call"))
        return about = id(RUN), what = word(), gw_run_tool_call(gw, about, (gw_str){NULL, 0}, what, words());
    if (IS("stop")) return about = id(RUN), gw_run_end(gw, about, (gw_run_stop)number(), NULL);
    if (IS("fail")) return about = id(RUN), gw_run_fail(gw, about, words());
    if (IS("tool")) return what = word(), more = words(), gw_gateway_add_tool(gw, what, what, more, 0);
    if (IS("progress")) return about = id(CALL), gw_tool_progress(gw, about, words());
    if (IS("result")) return about = id(CALL), gw_tool_result(gw, about, words(), false);
    if (IS("method")) return what = word(), more = word(), gw_gateway_add_method(gw, what, more, words(), 0);
    if (IS("reply")) return about = id(CALL), gw_method_answer(gw, about, words());
    if (IS("event")) return gw_gateway_add_event(gw, words(), (gw_str){NULL, 0}, 0);
    if (IS("emit")) return what = word(), gw_gateway_emit(gw, what, words(), 0);
    if (IS("shutdown")) return gw_gateway_shutdown(gw);
    if (IS("inspect")) return inspect();
    if (IS("feed")) return what = words(), gw_inspector_feed(inspector, what.data, what.len), parts(), GW_OK;
    if (IS("finish")) return gw_inspector_finish(inspector), parts(), GW_OK;
    if (IS("verdict")) return verdict();
    return GW_ERR_UNSUPPORTED;
}

int main(int argc, char** argv) {
    static char line[LINE];
    FILE* file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) return 2;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (*line == 0 || *line == '#') continue;
        rest = line;
        const gw_status status = do_line();
        if (status != GW_OK) printf("status %d\n", (int)status);
        if (gw != NULL) pump();
    }
    gw_inspector_free(inspector);
    gw_scanner_free(scanner);
    gw_gateway_free(gw);
    return fclose(file) != 0;
}
