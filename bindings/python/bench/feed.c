/* The figures of C for the benchmarks of the bindings: nanoseconds for one piece of 16 and of 1 400 bytes, fed and
 * taken. */
#define _POSIX_C_SOURCE 200809L
#include <gateway/inspector.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char words[] =
    "The quick brown fox jumps over the lazy dog and then goes home to sleep for a while, says the farmer. ";
static char text[1 << 20];

/* Of this thread: what other programs take does not count. */
static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void) {
    gw_ruleset* rules = NULL;
    gw_scanner* scanner = NULL;
    size_t sum = 0;
    for (size_t i = 0; i < sizeof text; i++) text[i] = words[i % (sizeof words - 1)];
    if (gw_ruleset_compile(NULL, NULL, &rules, NULL) != GW_OK || gw_scanner_new(rules, NULL, 0, &scanner) != GW_OK)
        return 1;
    const size_t sizes[] = {16, 1400};
    for (int which = 0; which < 2; which++) {
        const size_t size = sizes[which], total = which == 0 ? 65536 : sizeof text;
        double best = 1e9;
        for (int round = 0; round < 60; round++) {
            gw_inspector* inspector = NULL;
            gw_inspected part = {.size = sizeof part};
            if (gw_inspector_new(scanner, NULL, &inspector) != GW_OK) return 1;
            size_t pieces = 0;
            const double began = seconds();
            for (size_t at = 0; at < total; at += size, pieces++) {
                gw_inspector_feed(inspector, text + at, total - at < size ? total - at : size);
                while (gw_inspector_next(inspector, &part) == GW_OK) sum += part.data.len;
            }
            const double took = (seconds() - began) / (double)pieces;
            if (took < best) best = took;
            gw_inspector_free(inspector);
        }
        printf("%zu %.1f\n", size, best * 1e9);
    }
    gw_scanner_free(scanner);
    gw_ruleset_free(rules);
    return sum == 0;
}
