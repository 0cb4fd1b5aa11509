// The configuration: what a person wrote, checked, completed with defaults, and made into values.
//
//     text -- JSON5, $include --> tree -- ${NAME} --> tree -- schema --> tree -- rules --> Config
//                                                \-> Problem: where, what, and what to do
//
// The layout is OpenClaw's. Every key of it is known; a key that is misspelt is an error and not silence. Policy only:
// what bounds memory and time of one gateway is in gw_limits.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::config {

enum class AuthMode : std::uint8_t { none, token, password, trusted_proxy };   // gateway.auth.mode
enum class Bind : std::uint8_t { loopback, lan, tailnet, automatic, custom };  // gateway.bind

// gateway.reload.mode: what a changed file does to a running gateway.
enum class ReloadMode : std::uint8_t {
    off,      // nothing
    restart,  // every change is a restart
    hot,      // what can be applied is; the rest waits for the next start, with a warning
    hybrid,   // what can be applied is; when something cannot, a restart
};

// Milliseconds that a call to a provider may take: to the connection, to the first byte of the answer, between two
// bytes.
struct Timeouts {
    std::uint32_t connect_ms = 10000;
    std::uint32_t first_byte_ms = 120000;
    std::uint32_t idle_ms = 120000;
};

struct Model {
    explicit Model(std::pmr::memory_resource* memory) : id(memory), name(memory) {}
    std::pmr::string id, name;
    std::uint32_t context_tokens = 0;  // how much it can read at once; 0: not known
};

// models.providers.<id>
struct Provider {
    explicit Provider(std::pmr::memory_resource* memory)
        : id(memory), base_url(memory), api_key(memory), api(memory), headers(memory), models(memory) {}

    std::pmr::string id;
    std::pmr::string base_url;  // http or https, with a host, without credentials, query and fragment
    std::pmr::string api_key;   // fit for a header field; may be empty
    std::pmr::string api;  // "openai-completions" when nothing else is said; the engine may not speak every known one
    std::pmr::vector<std::pair<std::pmr::string, std::pmr::string>> headers;  // fit to be sent
    std::pmr::vector<Model> models;
    std::uint32_t connect_timeout_ms = 0;
    std::uint32_t first_byte_timeout_ms = 0;
    std::uint32_t idle_timeout_ms = 0;
    bool allow_private_network = false;  // request.allowPrivateNetwork: the name may lead to a private address
};

// agents.list[], agents.entries.<id>
struct Agent {
    explicit Agent(std::pmr::memory_resource* memory)
        : id(memory),
          name(memory),
          workspace(memory),
          identity(memory),
          model_primary(memory),
          model_fallbacks(memory) {}

    std::pmr::string id, name;
    std::pmr::string workspace;  // its directory; empty: none is configured
    struct Identity {            // how it looks to people; every part may be empty
        explicit Identity(std::pmr::memory_resource* memory)
            : name(memory), theme(memory), emoji(memory), avatar(memory) {}
        std::pmr::string name, theme, emoji;
        std::pmr::string avatar;  // a file in the workspace, or a data, http or https URL
    } identity;
    std::pmr::string model_primary;  // "provider/model" of a provider that exists; empty: default_model_primary counts
    std::pmr::vector<std::pmr::string> model_fallbacks;  // the same
    bool is_default = false;                             // exactly one agent is
    bool public_mode = false;
    bool host = false;  // runtime "host": the program around the gateway answers
};

// One kind of thing that clients attach to a request: gateway.http.endpoints.*.files and .images.
struct AttachmentRules {
    explicit AttachmentRules(std::pmr::memory_resource* memory) : url_allowlist(memory), allowed_mimes(memory) {}

    bool allow_url = true;
    std::pmr::vector<std::pmr::string>
        url_allowlist;  // "cdn.example.com", "*.example.com"; lower case; empty: any host
    std::pmr::vector<std::pmr::string> allowed_mimes;  // lower case; empty: nothing of this kind is taken
    std::uint64_t bytes_max = 10485760;                // of one, decoded
    std::uint32_t redirects_max = 3;
    std::uint32_t timeout_ms = 10000;    // of a whole fetch, redirects included
    bool allow_private_network = false;  // URLs may lead to this machine and to private addresses
};

// All that a client may attach to one request.
struct Attachments {
    explicit Attachments(std::pmr::memory_resource* memory) : files(memory), images(memory) {}

    AttachmentRules files, images;
    std::uint64_t file_chars_max = 200000;  // characters of one file's text
    std::uint32_t pdf_pages_max = 4;
    std::uint64_t pdf_pixels_max = 4000000;  // of the picture of one page
    std::uint32_t pdf_text_chars_min = 200;  // with less text than this its pages become pictures
    std::uint32_t url_parts_max = 8;         // files and images that come from a URL, together
    std::uint32_t image_parts_max = UINT32_MAX;
    std::uint64_t image_bytes_total_max = UINT64_MAX;  // decoded
};

struct Endpoint {  // gateway.http.endpoints.*
    explicit Endpoint(std::pmr::memory_resource* memory) : attachments(memory) {}
    bool enabled = false;
    std::uint64_t body_bytes_max = 20971520;
    Attachments attachments;
};

// gateway.controlUi: the web page of the gateway, and what its origin must be.
struct ControlUi {
    explicit ControlUi(std::pmr::memory_resource* memory)
        : base_path(memory), root(memory), allowed_origins(memory), embed_sandbox(memory) {}

    bool enabled = true;
    std::pmr::string base_path;  // "/openclaw": with the first slash, without the last; empty: "/"
    std::pmr::string root;       // the directory of the page's files; empty: there is none
    std::pmr::vector<std::pmr::string> allowed_origins;  // lower case, or "*"
    std::pmr::string embed_sandbox;                      // "strict", "scripts", "trusted"
    bool allow_external_embed_urls = false;              // pages of other servers may stand in frames of ours
    bool host_header_origin_fallback = false;            // dangerouslyAllowHostHeaderOriginFallback
    bool allow_insecure_auth = false;
    bool disable_device_auth = false;  // dangerouslyDisableDeviceAuth
};

struct CanvasHost {  // canvasHost: files that agents show to people
    explicit CanvasHost(std::pmr::memory_resource* memory) : root(memory) {}
    bool enabled = true;
    bool live_reload = true;
    std::pmr::string root;  // a directory; empty: canvas in the state directory
};

enum class GuardrailMode : std::uint8_t { observe, action, passthrough };  // guardrail.mode

// guardrail: the proxy for LLM traffic, and what inspects it. Its keys are written with underscores.
struct Guardrail {
    explicit Guardrail(std::pmr::memory_resource* memory)
        : host(memory),
          profile(memory),
          rule_pack_dir(memory),
          block_from(memory),
          block_message(memory),
          allow_private_upstreams(memory),
          custom_providers_path(memory),
          model_name(memory),
          token(memory),
          device_key(memory),
          connectors(memory),
          test_upstreams(memory),
          confirm_from(memory) {}

    bool enabled = false;
    GuardrailMode mode = GuardrailMode::observe;
    std::pmr::string host;      // an address
    std::uint16_t port = 4000;  // 0: any free one; the gateway's own: only that one
    std::pmr::string profile;   // "default", "strict", "permissive"
    std::pmr::string rule_pack_dir;
    std::pmr::string block_from;     // "LOW" ... "CRITICAL"; empty: as the profile says
    std::pmr::string block_message;  // instead of the sentence with the reason
    bool mask_all = false;
    bool public_openings = false;
    bool allow_unknown_llm_domains = false;
    bool forward_custom_headers = true;
    bool reveal = false;  // prompts and answers stand in the event records as they are
    std::pmr::vector<std::pmr::string> allow_private_upstreams;  // addresses and CIDR blocks
    std::pmr::string custom_providers_path;
    std::pmr::string model_name;
    std::pmr::string token;       // for X-DC-Auth; empty: the gateway's own secret
    std::pmr::string device_key;  // path of the file from which the master key is derived
    std::pmr::vector<std::pmr::string> connectors;
    struct TestUpstream {
        explicit TestUpstream(std::pmr::memory_resource* memory) : address(memory), provider(memory) {}
        std::pmr::string address;   // "127.0.0.1:8080"
        std::pmr::string provider;  // the known provider that it stands for
    };
    std::pmr::vector<TestUpstream> test_upstreams;
    std::pmr::string confirm_from;          // "HIGH"...; empty: nobody is asked
    std::uint32_t rate = 100, burst = 200;  // requests per second, and at once; rate 0: no limit
    std::uint64_t body_bytes_max = 10485760;
    std::uint64_t hold_bytes_max = 8192;
    std::uint64_t hold_ms_max = 0;  // 0: for ever
    bool block_at_hold_limit = true, block_at_hold_time = false;
    bool event_file = true;  // events/*.jsonl in the state directory
    bool event_log = false;  // the same lines in the log
};

enum class LogLevel : std::uint8_t { silent, error, warn, info, debug };

// logging: what goes into the file of the day and to the host.
struct Logging {
    explicit Logging(std::pmr::memory_resource* memory) : file(memory) {}
    LogLevel level = LogLevel::info;
    LogLevel console_level = LogLevel::info;
    std::pmr::string file;  // empty: a file for each day below the state directory
};

// gateway.http.rateLimit: requests of one caller, by credential and address.
struct HttpRateLimit {
    std::uint32_t requests = 100;  // in a window, and at once; 0: no limit
    std::uint32_t window_ms = 60000;
    bool everywhere = false;  // scope "all": /v1, /tools and /hooks, too, and not /api alone
};

// gateway.tools: what /tools/invoke offers. Names of tools.
struct ToolPolicy {
    explicit ToolPolicy(std::pmr::memory_resource* memory) : allow(memory), deny(memory) {}
    std::pmr::vector<std::pmr::string> allow, deny;  // `allow` takes from the list that is denied without being named
};

// tools.exec: agents run programs on the gateway's machine, as far as exec-approvals.json and people let them.
struct ExecTool {
    explicit ExecTool(std::pmr::memory_resource* memory) : security(memory), ask(memory), path_prepend(memory) {}
    bool enabled = false;            // host "gateway", and not denied
    std::pmr::string security, ask;  // counts where it is stricter than the file; empty: the file decides
    std::uint32_t timeout_s = 1800;  // of one program, at most
    std::pmr::vector<std::pmr::string> path_prepend;  // directories in which a bare name is looked for first
};

// session.reset: when a conversation begins anew with its next message.
struct ResetRule {
    bool daily = true;
    std::uint32_t at_hour = 4;       // on the clocks of this machine
    std::uint32_t idle_minutes = 0;  // 0: never because of that
};

enum class HookScheme : std::uint8_t { none, github, stripe, slack };  // who signs, and how

// hooks.mappings[]: what becomes of the messages of one sender.
struct HookMapping {
    explicit HookMapping(std::pmr::memory_resource* memory)
        : path(memory),
          source(memory),
          name(memory),
          agent_id(memory),
          session_key(memory),
          message_template(memory),
          text_template(memory),
          channel(memory),
          model(memory),
          secret(memory) {}
    std::pmr::string path;    // below hooks.path, without slashes at its ends; empty: any
    std::pmr::string source;  // of the payload; empty: any
    bool wake = false;        // action "wake": a notice for the main session, no run of its own
    bool now = true;          // wakeMode "now"
    std::pmr::string name;
    std::pmr::string agent_id;  // empty: the default agent
    std::pmr::string session_key;
    std::pmr::string message_template, text_template;
    std::pmr::string channel, model;
    std::uint32_t timeout_s = 0;
    bool trusted = false;  // allowUnsafeExternalContent: the text is put to the agent as it is
    HookScheme scheme = HookScheme::none;
    std::pmr::string secret;  // of the signature; never empty with a scheme
};

struct Hooks {  // hooks
    explicit Hooks(std::pmr::memory_resource* memory)
        : token(memory),
          path("/hooks", memory),
          default_session_key(memory),
          session_key_prefixes(memory),
          agent_ids(memory),
          mappings(memory) {}
    bool enabled = false;
    std::pmr::string token;  // never empty when they are enabled
    std::pmr::string path;   // with the first slash, without the last
    std::uint64_t body_bytes_max = 262144;
    std::pmr::string default_session_key;                     // empty: each run has its own
    bool request_session_key = false;                         // allowRequestSessionKey: the sender may name one
    std::pmr::vector<std::pmr::string> session_key_prefixes;  // empty: any
    bool agent_ids_set = false;
    std::pmr::vector<std::pmr::string> agent_ids;  // allowedAgentIds; "*" is any
    std::pmr::vector<HookMapping> mappings;
};

enum class MdnsMode : std::uint8_t { off, minimal, full };

struct Discovery {  // discovery.mdns, with what the environment says of this machine
    explicit Discovery(std::pmr::memory_resource* memory)
        : host_name("openclaw", memory), machine_name(memory), tailnet_dns(memory), cli_path(memory) {}
    MdnsMode mode = MdnsMode::minimal;
    std::pmr::string host_name;     // the first label of "openclaw.local"
    std::pmr::string machine_name;  // for people; may be empty
    std::pmr::string tailnet_dns;   // this machine's name in the tailnet; may be empty
    std::pmr::string cli_path;      // mode full; may be empty
    std::uint16_t ssh_port = 0;     // mode full; 0: nobody said
};

struct Config {
    explicit Config(std::pmr::memory_resource* memory)
        : custom_bind_host(memory),
          auth(memory),
          tls(memory),
          session(memory),
          chat_completions(memory),
          responses(memory),
          strict_transport_security(memory),
          default_model_primary(memory),
          default_model_fallbacks(memory),
          agents(memory),
          providers(memory),
          assistant_name(memory),
          assistant_avatar(memory),
          control_ui(memory),
          canvas_host(memory),
          trusted_proxies(memory),
          ca_bundle_path(memory),
          nodes(memory),
          tools(memory),
          exec(memory),
          hooks(memory),
          guardrail(memory),
          discovery(memory),
          logging(memory) {}

    std::uint16_t port = 18789;  // 0: any free one
    Bind bind = Bind::loopback;
    std::pmr::string custom_bind_host;  // an address in text form; there when bind is custom or tailnet

    struct Auth {
        explicit Auth(std::pmr::memory_resource* memory)
            : token(memory),
              password(memory),
              proxy_user_header(memory),
              proxy_required_headers(memory),
              proxy_allow_users(memory),
              identity_scopes(memory) {}
        AuthMode mode = AuthMode::token;
        bool mode_set = false;         // by gateway.auth.mode, not by what credentials there are
        std::pmr::string token;        // empty although the mode is token: one is to be made before anything listens
        std::pmr::string password;     // never empty when the mode is password
        bool private_ingress = false;  // mode none although not on loopback: somebody in front asks who is there
        std::pmr::string proxy_user_header;  // mode trusted-proxy: the field with the user's name
        std::pmr::vector<std::pmr::string> proxy_required_headers;
        std::pmr::vector<std::pmr::string> proxy_allow_users;  // empty: every user
        bool proxy_allow_loopback = false;
        bool allow_tailscale = false;  // the tailnet says who the visitors of the control page are
        // What users whom somebody else vouches for may do: name and scopes. Empty: everything that they ask for.
        std::pmr::vector<std::pair<std::pmr::string, std::pmr::vector<std::pmr::string>>> identity_scopes;
        struct RateLimit {  // gateway.auth.rateLimit: of failed attempts
            std::uint32_t attempts_max = 5;
            std::uint32_t window_ms = 900000;
            std::uint32_t lockout_ms = 900000;
            bool exempt_loopback = true;
        } rate_limit;
    } auth;

    struct Tls {
        explicit Tls(std::pmr::memory_resource* memory) : cert_path(memory), key_path(memory), ca_path(memory) {}
        bool enabled = false;
        std::pmr::string cert_path, key_path, ca_path;
    } tls;

    struct Session {  // session
        explicit Session(std::pmr::memory_resource* memory) : main_key("main", memory) {}
        std::pmr::string main_key;
        bool global = false;  // session.scope: one session for everybody
        ResetRule reset, reset_direct, reset_group, reset_thread;
    } session;

    Endpoint chat_completions, responses;
    std::pmr::string strict_transport_security;  // the field's value; empty: not sent

    std::pmr::string default_model_primary;  // "provider/model"; empty: the built-in agent answers
    std::pmr::vector<std::pmr::string> default_model_fallbacks;
    std::pmr::vector<Agent> agents;     // at least one
    std::uint32_t runs_max = 1024;      // agents.defaults.maxConcurrent: runs at one time, the others wait
    std::uint32_t run_timeout_s = 600;  // agents.defaults.timeoutSeconds
    std::pmr::vector<Provider> providers;

    bool control_ui_origin_by_host = false;             // dangerouslyAllowHostHeaderOriginFallback
    bool control_ui_insecure_auth = false;              // allowInsecureAuth: without a device, from this machine
    bool control_ui_without_device = false;             // dangerouslyDisableDeviceAuth: without a device, from anywhere
    bool real_ip_fallback = false;                      // allowRealIpFallback
    std::pmr::string assistant_name, assistant_avatar;  // ui.assistant: how pages call the agent; may be empty
    ControlUi control_ui;
    CanvasHost canvas_host;
    std::pmr::vector<std::pmr::string> trusted_proxies;  // addresses and CIDR blocks

    Timeouts timeouts;                     // of providers that set none of their own
    std::uint32_t upstream_conns_max = 0;  // open connections to one upstream; 0: as gw_limits say
    std::pmr::string ca_bundle_path;       // certificate authorities for upstreams; empty: the system's

    struct Nodes {  // gateway.nodes
        explicit Nodes(std::pmr::memory_resource* memory) : allow_commands(memory), deny_commands(memory) {}
        std::pmr::vector<std::pmr::string> allow_commands, deny_commands;  // names of commands
        bool auto_approve_local = true;  // what a node of this machine offers needs nobody's approval
    } nodes;

    HttpRateLimit http_rate_limit;
    ToolPolicy tools;
    ExecTool exec;
    Hooks hooks;
    Guardrail guardrail;
    Discovery discovery;
    Logging logging;

    ReloadMode reload_mode = ReloadMode::hybrid;  // gateway.reload
    std::uint32_t reload_debounce_ms = 300;
};

// Something that is wrong, or that deserves a look. Never holds a secret.
struct Problem {
    explicit Problem(std::pmr::memory_resource* memory) : file(memory), path(memory), message(memory) {}
    bool error = true;
    std::pmr::string file;     // name of an included file as it was asked for; empty: the main text
    std::pmr::string path;     // "gateway.auth.mode", "agents.list[2].id"; empty: the text as a whole
    std::pmr::string message;  // "must be a whole number from 0 to 65535, found \"abc\""
    std::size_t line = 0;      // from 1; 0: nowhere in the text
    std::size_t column = 0;    // in characters, from 1
};

// Appends "openclaw.json:3:7: error: gateway.port must be ...\n"; `file` names the main text.
void append_line(std::pmr::string& out, const Problem& problem, std::string_view file);

// Where values come from that are not in the text, and what the command line has decided already.
struct Environment {
    // What an environment variable holds; valid until the next call. NULL: the environment is empty.
    std::optional<std::string_view> (*get)(void* user, std::string_view name) = nullptr;
    // Reads a file that $include names into `out`; false when that is not possible. `path` is relative to the directory
    // of the main file, without "." and "..". Must not follow links out of that directory. NULL: $include is an error.
    bool (*read)(void* user, std::string_view path, std::pmr::string& out) = nullptr;
    void* user = nullptr;

    std::string_view address;           // listen on this address, whatever gateway.bind says; empty: as configured
    std::optional<std::uint16_t> port;  // this port, whatever the environment and gateway.port say
};

struct LoadDetails;  // in load.h: the tree that the values came from

// Parses, includes, substitutes, checks and fills `out`, which is reset first. False when one of `problems` is an
// error; `out` is not to be used then. Warnings are added in any case. `memory` is for what load() needs itself. Throws
// only bad_alloc.
[[nodiscard]] bool load(std::string_view text, const Environment& environment, Config& out,
                        std::pmr::vector<Problem>& problems, std::pmr::memory_resource* memory,
                        LoadDetails* details = nullptr);

// Where the state directory and the configuration file are.
struct Location {
    explicit Location(std::pmr::memory_resource* memory) : state_dir(memory), files(memory) {}
    std::pmr::string state_dir;                // "/home/ann/.openclaw"; empty when the environment does not tell
    std::pmr::vector<std::pmr::string> files;  // the first that exists is the configuration
    bool must_exist = false;                   // the one file was named on the command line
};

// From --config (may be empty) and OPENCLAW_CONFIG_PATH, OPENCLAW_STATE_DIR, OPENCLAW_HOME, HOME. Looks at no file.
[[nodiscard]] Location locate(std::string_view config_path, const Environment& environment,
                              std::pmr::memory_resource* memory);

}  // namespace gw::config
