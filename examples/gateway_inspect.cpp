// gateway-inspect: what the guardrail inspector finds in files or on standard input.
#include <gateway/gateway.h>
#include <getopt.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr const char* usage =
    "usage: gateway-inspect [OPTIONS] [FILE...]\n"
    "\n"
    "Shows what the rules find in files, or in standard input. Exit status: 0 nothing, 1 something that alerts or\n"
    "blocks, 2 an error.\n"
    "\n"
    "  --explain             say why, and what would be done\n"
    "  --redact              copy the text to standard output with replacements; findings go to standard error\n"
    "  --jsonl               one object a line {\"id\", \"direction\", \"text\" or \"chunks\", \"tool_name\"?, "
    "\"args\"?};\n"
    "                        one verdict a line comes back\n"
    "  --direction D         prompt, completion (default), tool_call, tool_result\n"
    "  --tool NAME           the tool of a tool_call or tool_result\n"
    "  --pack DIR            a rule pack over the default one\n"
    "  --profile P           default, strict, permissive\n"
    "  --mode M              action, observe, redact; default: action with --jsonl, redact with --redact, else "
    "observe\n"
    "  --color WHEN          auto (default), always, never\n"
    "  --version, --help\n";

struct Options {
    bool explain = false, redact = false, jsonl = false, color = false;
    gw_direction direction = GW_DIRECTION_COMPLETION;
    std::optional<gw_inspect_mode> mode;
    gw_profile profile = GW_PROFILE_DEFAULT;
    std::string tool, pack;
};

gw_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(gw_str text) { return {text.len == 0 ? "" : text.data, text.len}; }

template <typename T>
std::optional<T> pick(std::string_view name, std::initializer_list<std::string_view> names) {
    int number = 0;
    for (const std::string_view one : names) {
        if (one == name) return static_cast<T>(number);
        ++number;
    }
    return std::nullopt;
}
std::optional<gw_direction> direction_of(std::string_view name) {
    return pick<gw_direction>(name, {"prompt", "completion", "tool_call", "tool_result"});
}

const char* name_of(gw_severity severity) {
    static constexpr const char* names[] = {"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"};
    return names[severity];
}

// One text under inspection, and where its lines begin.
class Text {
public:
    Text(gw_scanner* scanner, const Options& options, gw_direction direction, gw_inspect_mode mode,
         std::string_view tool) {
        gw_inspector_options how{};
        how.size = sizeof how;
        how.direction = direction;
        how.mode = mode;
        how.tool = str(tool);
        status_ = gw_inspector_new(scanner, &how, &inspector_);
        static_cast<void>(options);
    }
    ~Text() { gw_inspector_free(inspector_); }
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;

    // Everything that may leave goes to `out`.
    bool feed(std::string_view piece, const std::function<void(std::string_view)>& out) {
        for (std::size_t at = 0; (at = piece.find('\n', at)) != std::string_view::npos; ++at)
            lines_.push_back(size_ + at + 1);
        size_ += piece.size();
        status_ = gw_inspector_feed(inspector_, piece.data(), piece.size());
        return take(out);
    }
    bool finish(const std::function<void(std::string_view)>& out) {
        status_ = gw_inspector_finish(inspector_);
        return take(out);
    }
    [[nodiscard]] std::string verdict() const {
        gw_buf json{};
        if (gw_inspector_verdict(inspector_, &json) != GW_OK) return "{}";
        std::string out(static_cast<const char*>(json.data), json.len);
        gw_buf_free(&json);
        return out;
    }
    [[nodiscard]] gw_inspector_state state() const {
        gw_inspector_state now{};
        now.size = sizeof now;
        gw_inspector_status(inspector_, &now);
        return now;
    }
    // Shows the findings from `next` on.
    void show(const std::string& file, const Options& options, std::FILE* to, std::size_t& next) const {
        gw_finding finding{};
        finding.size = sizeof finding;
        for (; gw_inspector_finding(inspector_, next, &finding) == GW_OK; ++next) {
            const auto line = std::upper_bound(lines_.begin(), lines_.end(), finding.begin);
            const auto column = finding.begin - (line == lines_.begin() ? 0 : *(line - 1)) + 1;
            static constexpr const char* colors[] = {"", "\033[36m", "\033[33m", "\033[31m", "\033[1;31m"};
            const char* on = options.color ? colors[finding.severity] : "";
            const char* bold = options.color ? "\033[1m" : "";
            const char* off = options.color ? "\033[0m" : "";
            std::fprintf(to, "%s%s:%zu:%llu:%s %s%s%s %.*s: %.*s: %.*s\n", bold, file.c_str(),
                         static_cast<std::size_t>(line - lines_.begin()) + 1, static_cast<unsigned long long>(column),
                         off, on, name_of(finding.severity), off, static_cast<int>(finding.rule.len), finding.rule.data,
                         static_cast<int>(finding.title.len), finding.title.data,
                         static_cast<int>(finding.evidence.len), finding.evidence.data);
            if (!options.explain) continue;
            static constexpr const char* actions[] = {"it is let through", "it is reported", "somebody is asked",
                                                      "the text is blocked"};
            std::fprintf(to, "    category %.*s, confidence %.2f, bytes %llu to %llu",
                         static_cast<int>(finding.category.len), finding.category.data, finding.confidence,
                         static_cast<unsigned long long>(finding.begin), static_cast<unsigned long long>(finding.end));
            if (view(finding.view) != "raw")
                std::fprintf(to, ", hidden (seen in the %.*s view)", static_cast<int>(finding.view.len),
                             finding.view.data);
            if (finding.proven) std::fputs(", proven by what the command does", to);
            std::fprintf(to, "; in this mode %s%s\n", actions[finding.action], finding.redacted ? " and replaced" : "");
        }
    }
    [[nodiscard]] gw_status status() const { return status_; }

private:
    bool take(const std::function<void(std::string_view)>& out) {
        gw_inspected part{};
        part.size = sizeof part;
        while (gw_inspector_next(inspector_, &part) == GW_OK) out(view(part.data));
        return status_ == GW_OK;
    }

    gw_inspector* inspector_ = nullptr;
    gw_status status_ = GW_OK;
    std::vector<std::uint64_t> lines_;  // where the second line begins, the third, ...
    std::uint64_t size_ = 0;
};

// A bar on standard error for files that take their time.
class Progress {
public:
    explicit Progress(std::uintmax_t size) : size_(size), on_(size > (32U << 20U) && isatty(2) != 0) {}
    void at(std::uintmax_t done) {
        const int percent = static_cast<int>(done * 100 / std::max<std::uintmax_t>(size_, 1));
        if (!on_ || percent == percent_) return;
        percent_ = percent;
        std::fprintf(stderr, "\r[%-50.*s] %3d %%", percent / 2, "##################################################",
                     percent);
    }
    ~Progress() {
        if (on_) std::fputs("\r\033[K", stderr);
    }

private:
    std::uintmax_t size_;
    bool on_;
    int percent_ = -1;
};

void append_json(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    out += '"';
}

// One line of --jsonl; an error text, or the answer.
std::string judge(gw_scanner* scanner, const Options& options, simdjson::dom::parser& parser, const std::string& line,
                  bool& alarm) {
    simdjson::dom::element root;
    std::string id = "null";
    const auto failed = [&](std::string_view why) {
        std::string out = "{\"id\":" + id + ",\"error\":";
        append_json(out, why);
        return out + "}";
    };
    if (const auto error = parser.parse(line).get(root); error != simdjson::SUCCESS)
        return failed(std::string("not JSON: ") + simdjson::error_message(error));
    if (!root.is_object()) return failed("a line must be an object");
    simdjson::dom::element value;
    if (root["id"].get(value) == simdjson::SUCCESS) id = simdjson::minify(value);
    gw_direction direction = options.direction;
    std::string_view text;
    if (root["direction"].get(text) == simdjson::SUCCESS) {
        const auto named = direction_of(text);
        if (!named) return failed("direction is prompt, completion, tool_call or tool_result");
        direction = *named;
    }
    std::string tool = options.tool;
    if (root["tool_name"].get(text) == simdjson::SUCCESS) tool = text;
    std::vector<std::string> pieces;
    simdjson::dom::array chunks;
    if (root["args"].get(value) == simdjson::SUCCESS && !value.is_null()) {
        pieces.push_back(value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value));
    } else if (root["chunks"].get(chunks) == simdjson::SUCCESS) {
        for (const simdjson::dom::element chunk : chunks) {
            if (chunk.get(text) != simdjson::SUCCESS) return failed("chunks are strings");
            pieces.emplace_back(text);
        }
    } else if (root["text"].get(text) == simdjson::SUCCESS) {
        pieces.emplace_back(text);
    } else {
        return failed("one of text, chunks and args is needed");
    }
    Text inspected(scanner, options, direction, options.mode.value_or(GW_INSPECT_ACTION), tool);
    std::string released;
    const auto take = [&](std::string_view part) { released += part; };
    bool open = inspected.status() == GW_OK;
    for (const std::string& piece : pieces) open = open && inspected.feed(piece, take);
    if (open) inspected.finish(take);
    if (inspected.status() != GW_OK && inspected.status() != GW_ERR_BLOCKED)
        return failed(gw_strerror(inspected.status()));
    const gw_inspector_state state = inspected.state();
    alarm = alarm || state.action != GW_ACTION_ALLOW;
    std::string out = "{\"id\":" + id + ",";
    const std::string verdict = inspected.verdict();
    out.append(verdict, 1, verdict.size() - 2);
    out += ",\"released\":";
    append_json(out, released);
    return out + ",\"held_bytes_max\":" + std::to_string(state.bytes_held_max) + "}";
}

int inspect_lines(gw_scanner* scanner, const Options& options, std::istream& in, bool& alarm) {
    simdjson::dom::parser parser;
    for (std::string line; std::getline(in, line);) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        std::cout << judge(scanner, options, parser, line, alarm) << '\n' << std::flush;
    }
    return 0;
}

int inspect_text(gw_scanner* scanner, const Options& options, std::istream& in, const std::string& name,
                 std::uintmax_t size, bool& alarm) {
    const gw_inspect_mode mode = options.mode.value_or(options.redact ? GW_INSPECT_REDACT : GW_INSPECT_OBSERVE);
    Text text(scanner, options, options.direction, mode, options.tool);
    if (text.status() != GW_OK) {
        std::fprintf(stderr, "gateway-inspect: %s\n", gw_strerror(text.status()));
        return 2;
    }
    const auto out = [&](std::string_view part) {
        if (options.redact) std::fwrite(part.data(), 1, part.size(), stdout);
    };
    std::FILE* findings = options.redact ? stderr : stdout;
    std::vector<char> buffer(1U << 16U);
    std::size_t shown = 0;
    std::uintmax_t done = 0;
    Progress progress(size);
    bool open = true;
    while (open && (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0)) {
        done += static_cast<std::uintmax_t>(in.gcount());
        open = text.feed({buffer.data(), static_cast<std::size_t>(in.gcount())}, out);
        text.show(name, options, findings, shown);
        progress.at(done);
    }
    if (open) text.finish(out);
    text.show(name, options, findings, shown);
    if (text.status() == GW_ERR_BLOCKED) {
        std::fprintf(stderr, "gateway-inspect: %s: blocked; nothing behind the finding was copied\n", name.c_str());
    } else if (text.status() != GW_OK) {
        std::fprintf(stderr, "gateway-inspect: %s: %s\n", name.c_str(), gw_strerror(text.status()));
        return 2;
    }
    alarm = alarm || text.state().action != GW_ACTION_ALLOW;
    return 0;
}

bool load(const Options& options, gw_ruleset** rules) {
    std::vector<std::string> names, contents;
    if (!options.pack.empty()) {
        std::error_code failed;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(options.pack, failed)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            std::ostringstream bytes;
            bytes << file.rdbuf();
            names.push_back(std::filesystem::relative(entry.path(), options.pack).generic_string());
            contents.push_back(bytes.str());
        }
        if (failed) {
            std::fprintf(stderr, "gateway-inspect: %s: %s\n", options.pack.c_str(), failed.message().c_str());
            return false;
        }
    }
    std::vector<gw_rule_file> files;
    for (std::size_t i = 0; i < names.size(); ++i) files.push_back({str(names[i]), str(contents[i])});
    gw_ruleset_options how{};
    how.size = sizeof how;
    how.files = files.data();
    how.file_count = files.size();
    how.profile = options.profile;
    gw_buf problems{};
    const gw_status status = gw_ruleset_compile(&how, nullptr, rules, &problems);
    std::fprintf(stderr, "%.*s", static_cast<int>(problems.len), static_cast<const char*>(problems.data));
    gw_buf_free(&problems);
    if (status != GW_OK) std::fprintf(stderr, "gateway-inspect: the rules cannot be used: %s\n", gw_strerror(status));
    return status == GW_OK;
}

int bad_option(const char* name, const char* value, const char* allowed) {
    std::fprintf(stderr, "gateway-inspect: --%s is %s, not \"%s\"\n", name, allowed, value);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr option names[] = {
        {"explain", 0, nullptr, 'e'},   {"redact", 0, nullptr, 'r'}, {"jsonl", 0, nullptr, 'j'},
        {"direction", 1, nullptr, 'd'}, {"tool", 1, nullptr, 't'},   {"pack", 1, nullptr, 'p'},
        {"profile", 1, nullptr, 'P'},   {"mode", 1, nullptr, 'm'},   {"color", 1, nullptr, 'c'},
        {"version", 0, nullptr, 'v'},   {"help", 0, nullptr, 'h'},   {}};
    Options options;
    options.color = isatty(1) != 0;
    for (int found = 0; (found = getopt_long(argc, argv, "h", names, nullptr)) != -1;) {
        switch (found) {
        case 'e': options.explain = true; break;
        case 'r': options.redact = true; break;
        case 'j': options.jsonl = true; break;
        case 't': options.tool = optarg; break;
        case 'p': options.pack = optarg; break;
        case 'd':
            if (const auto named = direction_of(optarg))
                options.direction = *named;
            else
                return bad_option("direction", optarg, "prompt, completion, tool_call or tool_result");
            break;
        case 'P':
            if (const auto named = pick<gw_profile>(optarg, {"default", "strict", "permissive"}))
                options.profile = *named;
            else
                return bad_option("profile", optarg, "default, strict or permissive");
            break;
        case 'm':
            options.mode = pick<gw_inspect_mode>(optarg, {"action", "observe", "redact"});
            if (!options.mode) return bad_option("mode", optarg, "action, observe or redact");
            break;
        case 'c':
            if (std::strcmp(optarg, "auto") != 0) options.color = std::strcmp(optarg, "always") == 0;
            break;
        case 'v': std::printf("gateway-inspect %s\n", gw_version()); return 0;
        case 'h': std::fputs(usage, stdout); return 0;
        default: std::fputs(usage, stderr); return 2;
        }
    }
    gw_ruleset* rules = nullptr;
    gw_scanner* scanner = nullptr;
    if (!load(options, &rules)) return 2;
    const gw_status made = gw_scanner_new(rules, nullptr, 0, &scanner);
    gw_ruleset_free(rules);  // the scanner keeps it
    if (made != GW_OK) {
        std::fprintf(stderr, "gateway-inspect: %s\n", gw_strerror(made));
        return 2;
    }
    bool alarm = false;
    int status = 0;
    std::vector<std::string> files(argv + optind, argv + argc);
    if (files.empty()) files.emplace_back("-");
    for (const std::string& name : files) {
        std::ifstream file;
        std::error_code unknown;
        std::uintmax_t size = 0;
        if (name != "-") {
            file.open(name, std::ios::binary);
            if (!file || std::filesystem::is_directory(name, unknown)) {
                std::fprintf(stderr, "gateway-inspect: %s: cannot be read\n", name.c_str());
                status = 2;
                continue;
            }
            size = std::filesystem::file_size(name, unknown);
            if (unknown) size = 0;
        }
        std::istream& in = name == "-" ? std::cin : file;
        const int one = options.jsonl ? inspect_lines(scanner, options, in, alarm)
                                      : inspect_text(scanner, options, in, name == "-" ? "stdin" : name, size, alarm);
        status = std::max(status, one);
    }
    gw_scanner_free(scanner);
    return status != 0 ? status : alarm ? 1 : 0;
}
