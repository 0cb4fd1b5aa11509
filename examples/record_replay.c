/* A conversation that can be had again: what the host tells the gateway (who came, which bytes, when) goes into a file;
 * the same file, given to another gateway with the same random numbers, gives the same bytes. record_replay record FILE
 * > sent      has a conversation and writes down what was told record_replay replay FILE > sent      tells it again A
 * line of the file: the time in milliseconds, the number of the connection, and + (accept), - (the peer has gone) or
 * the bytes in hexadecimal. */
#include <gateway/gateway.h>
#include <stdio.h>
#include <string.h>

enum { CONNS = 16 };
static gw_conn* conns[CONNS];
static const uint64_t epoch = 1767225600000u; /* 2026-01-01 */
static const char config_text[] =
    "{gateway:{auth:{mode:'token',token:'secret'},http:{endpoints:{chatCompletions:{enabled:true}}}}}";

static bool random_bytes(void* user, void* out, size_t len) { /* the same ones each time: not for a real gateway */
    uint64_t* state = user;
    for (size_t i = 0; i < len; i++)
        ((unsigned char*)out)[i] = (unsigned char)((*state = *state * 6364136223846793005u + 1) >> 56);
    return true;
}

static void pump(gw_gateway* gw) {
    gw_event event = {.size = sizeof event};
    while (gw_gateway_next_event(gw, &event) == GW_OK) {
        const size_t number = event.conn ? (size_t)((gw_conn**)gw_conn_user(event.conn) - conns) : 0;
        gw_buf out;
        if (event.type == GW_EVENT_OUTPUT)
            for (; gw_conn_take_output(event.conn, &out) == GW_OK; gw_buf_free(&out)) {
                printf("[%zu] ", number);
                fwrite(out.data, 1, out.len, stdout);
            }
        if (event.type == GW_EVENT_CLOSE) {
            gw_conn_free(event.conn);
            conns[number] = NULL;
            printf("[%zu] closed\n", number);
        }
    }
}

/* One line of the file. Between two of them the gateway's own timers run. */
static void tell(gw_gateway* gw, uint64_t now, size_t number, const char* what) {
    for (uint64_t due; (due = gw_gateway_next_deadline(gw)) < now; pump(gw)) gw_gateway_tick(gw, due, epoch + due);
    gw_gateway_tick(gw, now, epoch + now);
    gw_peer peer = {.size = sizeof peer, .address = {"127.0.0.1", 9}};
    if (*what == '+') {
        if (gw_conn_accept(gw, &peer, &conns[number]) == GW_OK) gw_conn_set_user(conns[number], &conns[number]);
    } else if (conns[number] != NULL && *what == '-') {
        gw_conn_eof(conns[number]);
    } else if (conns[number] != NULL) {
        unsigned char bytes[4096];
        size_t len = 0;
        for (unsigned byte; len < sizeof bytes && sscanf(what + 2 * len, "%2x", &byte) == 1; len++)
            bytes[len] = (unsigned char)byte;
        gw_conn_recv(conns[number], bytes, len);
    }
    pump(gw);
}

/* What is told is written down, too. `text` NULL: somebody came, empty: the peer has gone. */
static void record(FILE* file, gw_gateway* gw, uint64_t now, size_t number, const char* text) {
    char line[8193] = "+";
    if (text != NULL && *text == 0) line[0] = '-';
    for (size_t i = 0; text != NULL && text[i] != 0 && i < 4096; i++)
        sprintf(line + 2 * i, "%02x", (unsigned char)text[i]);
    fprintf(file, "%llu %zu %s\n", (unsigned long long)now, number, line);
    tell(gw, now, number, line);
}

int main(int argc, char** argv) {
    const bool records = argc == 3 && strcmp(argv[1], "record") == 0;
    FILE* file = argc == 3 ? fopen(argv[2], records ? "w" : "r") : NULL;
    uint64_t seed = 7;
    gw_host host = {.size = sizeof host, .user = &seed, .random = random_bytes};
    gw_config_source source = {.size = sizeof source, .text = {config_text, sizeof config_text - 1}};
    gw_gateway_options options = {.size = sizeof options, .host = &host};
    gw_gateway* gw = NULL;
    if (file == NULL || gw_gateway_open(&source, &options, &gw, NULL) != GW_OK) return 1;
    if (records) {
        record(file, gw, 1000, 0, NULL);
        record(file, gw, 1001, 0,
               "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Le");
        record(file, gw, 1002, 1, NULL);
        record(file, gw, 1003, 0,
               "ngth: 64\r\n\r\n{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}]}");
        record(file, gw, 1100, 1, "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n\r\n");
        record(file, gw, 1900, 1, "not HTTP\r\n\r\n");
        record(file, gw, 2000, 1, "");
        record(file, gw, 99000, 2, NULL);
    } else {
        static char line[8193];
        unsigned long long now = 0;
        for (size_t number = 0; fscanf(file, "%llu %zu %8192s", &now, &number, line) == 3 && number < CONNS;)
            tell(gw, now, number, line);
    }
    gw_gateway_free(gw);
    return fclose(file);
}
