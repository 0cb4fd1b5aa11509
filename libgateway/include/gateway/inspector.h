/* inspector.h: text in pieces against a set of rules, without a byte leaving that should not.
 *
 *     rule files --gw_ruleset_compile()--> gw_ruleset        immutable, for all threads
 *                                           gw_scanner       one per thread: tables, made as texts need them
 *                                            gw_inspector    one per text
 *
 *     gw_inspector_feed(i, bytes, n)   ->   while (gw_inspector_next(i, &part) == GW_OK) send part.data
 *     gw_inspector_finish(i)           ->   the same
 *     gw_inspector_verdict(i)          ->   what was found, as JSON
 *
 * In mode action: of a rule of kind `mask` (secrets, personal data) no byte of a match leaves, it is replaced; when a rule
 * blocks, nothing more leaves, and of a rule of kind `stop` (injections, commands) no complete match does. Every byte that
 * is not part of a partial match that is still alive leaves in the call in which it came, beside one that decides a
 * pending word boundary. Nothing depends on how the text was cut. In mode observe everything leaves at once.
 */
#ifndef GATEWAY_INSPECTOR_H
#define GATEWAY_INSPECTOR_H

#include "gateway/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A compiled rule set. Immutable and counted: any number of threads and scanners share it. */
typedef struct gw_ruleset gw_ruleset;

/* How strict a rule set is. */
typedef enum gw_profile {
    GW_PROFILE_DEFAULT = 0,   /* blocks from CRITICAL, alerts from MEDIUM */
    GW_PROFILE_STRICT = 1,    /* blocks from MEDIUM, alerts from LOW, and has more rules */
    GW_PROFILE_PERMISSIVE = 2 /* blocks from CRITICAL, alerts from HIGH, and has fewer rules */
} gw_profile;

typedef enum gw_severity {
    GW_SEVERITY_NONE = 0,
    GW_SEVERITY_LOW = 1,
    GW_SEVERITY_MEDIUM = 2,
    GW_SEVERITY_HIGH = 3,
    GW_SEVERITY_CRITICAL = 4
} gw_severity;

/* One file of a rule pack: its name as seen from the pack's folder ("rules/secret.yaml") and what it holds. */
typedef struct gw_rule_file {
    gw_str name;
    gw_str bytes;
} gw_rule_file;

typedef struct gw_ruleset_options {
    size_t size;
    const gw_rule_file *files; /* borrowed for the call; none: the default pack */
    size_t file_count;
    bool no_default_pack;   /* the files are all there is; else what they do not say comes from the default pack */
    gw_profile profile;
    gw_severity block_from; /* instead of what the profile says; GW_SEVERITY_NONE: as the profile says */
    bool mask_all;          /* every rule is of kind `mask` */
    uint32_t public_openings; /* not 0: of a `mask` match, what the rule spells out itself ("sk-ant-api", "api_key = ") may
                                 leave before more is known: less waits, and nothing of the secret shows; since 0.2 */
} gw_ruleset_options;

/* Compiles a rule set. `options` may be NULL: the default pack in the default profile. `host` as everywhere; its allocator
 * must be usable from every thread that lets go of the set.
 *
 * `problems`, if not NULL, is written in any case: one problem a line with file, line, column, rule and reason; warnings
 * are among them on success. The caller frees it with gw_buf_free().
 *
 * Returns GW_OK and `*out` (freed with gw_ruleset_free()), or
 *   GW_ERR_CONFIG     some rule or file is not valid: `problems` has every one of them
 *   GW_ERR_ARGUMENT, GW_ERR_UNSUPPORTED, GW_ERR_NO_MEMORY */
GW_API gw_status gw_ruleset_compile(const gw_ruleset_options *options, const gw_host *host, gw_ruleset **out,
                                    gw_buf *problems);

/* Lets go of a rule set; scanners that were made from it keep it. */
GW_API void gw_ruleset_free(gw_ruleset *rules);

/* How many rules are in force, and 16 hexadecimal digits that name exactly these rules. Valid as long as the set. */
GW_API size_t gw_ruleset_count(const gw_ruleset *rules);
GW_API gw_str gw_ruleset_fingerprint(const gw_ruleset *rules);

/* What a thread keeps for all its inspectors of one rule set. Thread: one at a time, together with its inspectors. */
typedef struct gw_scanner gw_scanner;

/* Makes a scanner; its tables grow to `table_bytes_max` (0: 8388608) for each of the two sets of patterns, then begin anew.
 * Returns GW_OK and `*out`, GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_scanner_new(gw_ruleset *rules, const gw_host *host, size_t table_bytes_max, gw_scanner **out);

/* Ends a scanner. Its inspectors must be gone, or detached: nothing looks after them. The rule set goes with the last of its
 * scanners if it was let go of before. */
GW_API void gw_scanner_free(gw_scanner *scanner);

/* What a text is. Rules say where they apply; those about commands, paths and hosts apply to tool calls alone, because
 * a sentence about a command is not a command. */
typedef enum gw_direction {
    GW_DIRECTION_PROMPT = 0,
    GW_DIRECTION_COMPLETION = 1,
    GW_DIRECTION_TOOL_CALL = 2, /* the JSON text of a call's arguments */
    GW_DIRECTION_TOOL_RESULT = 3
} gw_direction;

typedef enum gw_inspect_mode {
    GW_INSPECT_ACTION = 0, /* redact and block */
    GW_INSPECT_OBSERVE = 1, /* say what was found, change nothing */
    GW_INSPECT_REDACT = 2   /* redact what a rule of kind `mask` found, block nothing */
} gw_inspect_mode;

typedef enum gw_action {
    GW_ACTION_ALLOW = 0,
    GW_ACTION_ALERT = 1,
    GW_ACTION_CONFIRM = 2, /* somebody should be asked; until then nothing more leaves */
    GW_ACTION_BLOCK = 3
} gw_action;

/* How one text is inspected. Strings are copied. */
typedef struct gw_inspector_options {
    size_t size;
    gw_direction direction;
    gw_inspect_mode mode;
    gw_str tool;           /* tool calls and results: its name */
    gw_str path, host;     /* where the text belongs, for suppressions */
    gw_severity confirm_from; /* from here on ask instead of blocking or alerting; GW_SEVERITY_NONE: never */
    size_t hold_bytes_max; /* a partial match that is longer decides the text (below) [8192] */
    uint32_t hold_ms_max;  /* so does one that grows no more for so long; 0: it may wait for ever */
    bool release_at_limit; /* at a limit let the text go, and say so in the verdict; else block */
    bool raw_only;         /* do not look behind disguises: escapes, look-alike letters, base64 */
} gw_inspector_options;

/* One text under inspection. Lifetime: until gw_inspector_free(), within that of its scanner. */
typedef struct gw_inspector gw_inspector;

/* Begins a text. `options` may be NULL: a completion, mode action. Returns GW_OK and `*out`, GW_ERR_ARGUMENT,
 * GW_ERR_UNSUPPORTED, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_inspector_new(gw_scanner *scanner, const gw_inspector_options *options, gw_inspector **out);
GW_API void gw_inspector_free(gw_inspector *inspector);

/* Moves a text to another thread between two pieces: detach on the old thread, attach to a scanner of the same rule set
 * on the new one. Returns GW_OK, GW_ERR_ARGUMENT (another rule set). Detaching needs memory to note the place: where there
 * is none, the next piece is GW_ERR_NO_MEMORY. */
GW_API void gw_inspector_detach(gw_inspector *inspector);
GW_API gw_status gw_inspector_attach(gw_inspector *inspector, gw_scanner *scanner);

/* Takes the next `len` bytes. `data` is borrowed until the next call on the inspector that is not gw_inspector_next().
 * What could be taken before and was not is gone. Returns GW_OK; GW_ERR_BLOCKED (a rule blocks: what is left to take is
 * all that leaves); GW_ERR_STATE (after finish); GW_ERR_NO_MEMORY (the text can not be trusted: let nothing more out). */
GW_API gw_status gw_inspector_feed(gw_inspector *inspector, const void *data, size_t len);

/* The text ends here. Returns as gw_inspector_feed(). */
GW_API gw_status gw_inspector_finish(gw_inspector *inspector);

/* Tells the time in milliseconds, for hold_ms_max; gw_inspector_deadline() says when that is worth it, GW_NEVER: not now.
 * Returns as gw_inspector_feed(). */
GW_API gw_status gw_inspector_tick(gw_inspector *inspector, uint64_t monotonic_ms);
GW_API uint64_t gw_inspector_deadline(const gw_inspector *inspector);

/* What may be sent on: bytes of the text as they were, or what stands in their place. */
typedef struct gw_inspected {
    size_t size;
    gw_str data;        /* valid until the next feed, finish, tick or free */
    uint64_t begin;     /* the bytes of the text that it stands for: [begin, end) */
    uint64_t end;
    bool replacement;
} gw_inspected;

/* Takes the next part, in order. Returns GW_OK, GW_DONE when there is none, GW_ERR_ARGUMENT (nothing was taken). */
GW_API gw_status gw_inspector_next(gw_inspector *inspector, gw_inspected *part);

/* How a text stands. Sizes in bytes. */
typedef struct gw_inspector_state {
    size_t size;
    gw_action action;
    gw_severity severity;
    bool blocked;
    uint64_t findings;
    uint64_t redactions;
    uint64_t bytes_inspected;
    uint64_t bytes_held;
    uint64_t bytes_held_max;
    size_t memory;       /* that the inspector takes now */
} gw_inspector_state;
/* Writes how it stands into `*state`, whose `size` is set. Returns GW_OK or GW_ERR_ARGUMENT. */
GW_API gw_status gw_inspector_status(const gw_inspector *inspector, gw_inspector_state *state);

/* What was found so far. Strings are valid until the next call on the inspector. */
typedef struct gw_finding {
    size_t size;
    gw_str rule;       /* "SEC-AWS-KEY" */
    gw_str title;
    gw_str category;
    gw_severity severity;
    gw_action action;
    double confidence; /* 0 to 1 */
    uint64_t begin;    /* in the text as it was fed */
    uint64_t end;
    gw_str evidence;   /* a few characters, never the secret itself */
    gw_str view;       /* "raw", or what it hid behind: "plain", "shell", "leet", "decoded" */
    bool redacted;
    bool proven;       /* the shell reader found the deed */
} gw_finding;

/* Finding `index`, in the order in which they became known. Returns GW_OK, GW_DONE (there are no more), GW_ERR_ARGUMENT. */
GW_API gw_status gw_inspector_finding(const gw_inspector *inspector, size_t index, gw_finding *finding);

/* The whole verdict as JSON (docs/guardrail.md). The caller frees `*out` with gw_buf_free(). Returns GW_OK,
 * GW_ERR_ARGUMENT, GW_ERR_NO_MEMORY. */
GW_API gw_status gw_inspector_verdict(const gw_inspector *inspector, gw_buf *out);

#ifdef __cplusplus
}
#endif

#endif /* GATEWAY_INSPECTOR_H */
