/* The inspector alone: text comes in on standard input, as it comes, and leaves on standard output without secrets.
 * What a rule blocks ends it, with exit code 3. What was found goes to standard error. inspect_stdin
 * [prompt|completion|tool] < text */
#include <gateway/inspector.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes what may leave after the last call. */
static void send_on(gw_inspector* inspector) {
    gw_inspected part = {.size = sizeof part};
    while (gw_inspector_next(inspector, &part) == GW_OK) fwrite(part.data.data, 1, part.data.len, stdout);
    fflush(stdout);
}

int main(int argc, char** argv) {
    gw_ruleset* rules = NULL;
    gw_scanner* scanner = NULL;
    gw_inspector* inspector = NULL;
    gw_inspector_options options = {.size = sizeof options, .direction = GW_DIRECTION_COMPLETION};
    if (argc > 1 && strcmp(argv[1], "prompt") == 0) options.direction = GW_DIRECTION_PROMPT;
    if (argc > 1 && strcmp(argv[1], "tool") == 0) options.direction = GW_DIRECTION_TOOL_CALL;
    if (argc > 2 && strcmp(argv[2], "redact") == 0) options.mode = GW_INSPECT_REDACT;
    if (gw_ruleset_compile(NULL, NULL, &rules, NULL) != GW_OK || gw_scanner_new(rules, NULL, 0, &scanner) != GW_OK ||
        gw_inspector_new(scanner, &options, &inspector) != GW_OK) {
        fprintf(stderr, "cannot begin\n");
        return 1;
    }

    char piece[1400];
    gw_status status = GW_OK;
    for (ssize_t size; status == GW_OK && (size = read(0, piece, sizeof piece)) > 0;) {
        status = gw_inspector_feed(inspector, piece, (size_t)size);
        if (status == GW_OK || status == GW_ERR_BLOCKED) send_on(inspector);
    }
    if (status == GW_OK) {
        status = gw_inspector_finish(inspector);
        if (status == GW_OK || status == GW_ERR_BLOCKED) send_on(inspector);
    }

    gw_finding found = {.size = sizeof found};
    for (size_t i = 0; gw_inspector_finding(inspector, i, &found) == GW_OK; i++)
        fprintf(stderr, "%llu-%llu %.*s: %.*s\n", (unsigned long long)found.begin, (unsigned long long)found.end,
                (int)found.rule.len, found.rule.data, (int)found.title.len, found.title.data);
    gw_inspector_free(inspector);
    gw_scanner_free(scanner);
    gw_ruleset_free(rules);
    return status == GW_OK ? 0 : status == GW_ERR_BLOCKED ? 3 : 1;
}
