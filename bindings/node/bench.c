/* The C side of bench.mjs and of the other bindings' benchmarks: the shortest pass, as JSON. */
#define _POSIX_C_SOURCE 199309L
#include <gateway/gateway.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_BYTES = 1 << 20 };

static double now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static double shortest(gw_scanner* scanner, const char* text, size_t piece, size_t total, int passes) {
    double best = 1e18;
    volatile size_t left = 0;
    for (int pass = 0; pass < passes; pass++) {
        gw_inspector* inspector = NULL;
        gw_inspected part = {.size = sizeof part};
        if (gw_inspector_new(scanner, NULL, &inspector) != GW_OK) exit(1);
        const double begin = now_ns();
        for (size_t at = 0; at < total; at += piece) {
            gw_inspector_feed(inspector, text + at, total - at < piece ? total - at : piece);
            while (gw_inspector_next(inspector, &part) == GW_OK) left += part.data.len;
        }
        gw_inspector_finish(inspector);
        while (gw_inspector_next(inspector, &part) == GW_OK) left += part.data.len;
        const double took = now_ns() - begin;
        if (took < best) best = took;
        gw_inspector_free(inspector);
    }
    return best;
}

int main(void) {
    static const char line[] =
        "The river runs north through old forests, and the boats are slow in the autumn rain; nobody minds. ";
    char* text = malloc(TEXT_BYTES + sizeof line);
    gw_ruleset* rules = NULL;
    gw_scanner* scanner = NULL;
    if (text == NULL || gw_ruleset_compile(NULL, NULL, &rules, NULL) != GW_OK ||
        gw_scanner_new(rules, NULL, 0, &scanner) != GW_OK)
        return 1;
    for (size_t at = 0; at < TEXT_BYTES; at += sizeof line - 1) memcpy(text + at, line, sizeof line - 1);
    printf("{\"small\": %.1f, \"stream\": %.4f}\n", shortest(scanner, text, 16, 1 << 16, 400) / ((1 << 16) / 16.0),
           shortest(scanner, text, 1400, TEXT_BYTES, 60) / 1e6);
    gw_scanner_free(scanner);
    gw_ruleset_free(rules);
    free(text);
    return 0;
}
