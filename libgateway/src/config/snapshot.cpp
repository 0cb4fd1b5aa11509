#include "config/snapshot.h"

#include <array>

#include "config/load.h"
#include "config/patch.h"
#include "config/redact.h"
#include "config/schema.h"
#include "json/json5.h"

namespace gw::config {

namespace {

using json::Kind;

void write_problem(json::Writer& out, std::string_view path, std::string_view message) {
    out.begin_object().member("path", path).member("message", message).end_object();
}

void write_shown(json::Writer& out, const Node& tree, bool with_defaults) {
    Node shown = clone(tree, tree.children.get_allocator().resource());
    if (with_defaults) add_defaults(shown);
    redact(shown);
    write_tree(out, shown);
}

// What a JSON5 reader says of it: only the character, for what follows may be half of a secret.
std::pmr::string syntax_error(std::string_view text, const json::Json5Error& error, std::pmr::memory_resource* memory) {
    std::pmr::string out("SyntaxError: JSON5: ", memory);
    if (error.offset >= text.size()) {
        out += "invalid end of input";
    } else {
        const std::string_view near = text.substr(error.offset);
        std::size_t size = 1;
        while (size < near.size() && size < 4 && (static_cast<unsigned char>(near[size]) & 0xC0U) == 0x80U) ++size;
        out += "invalid character '";
        out += near.substr(0, size);
        out += '\'';
    }
    out += " at ";
    out += Digits(static_cast<std::int64_t>(error.position.line));
    out += ':';
    out += Digits(static_cast<std::int64_t>(error.position.column));
    return out;
}

class Editor {
public:
    Editor(const Snapshot& now, const EditRequest& request, const Environment& environment,
           std::pmr::memory_resource* memory)
        : now_(now), request_(request), environment_(environment), memory_(memory), out_(memory) {}

    Edited run(Buffer& next) {
        const bool change = request_.kind == EditKind::change;
        if (!change && !has_right_base()) return std::move(out_);
        if ((change || request_.kind == EditKind::patch) && !now_.valid)
            return refuse("invalid config; fix before patching");
        std::optional<Node> tree = change ? changed() : read_raw();
        if (!tree) return std::move(out_);
        if (request_.kind == EditKind::patch) {
            if (!tree->is(Kind::object)) return refuse("config.patch raw must be an object");
            Node patched = clone(now_.parsed, memory_);
            apply_patch(patched, std::move(*tree));
            tree = std::move(patched);
        }
        if (!put_secrets_back(*tree)) return std::move(out_);
        std::pmr::vector<Migration> moved(memory_);
        migrate(*tree, moved);
        out_.noop = now_.readable && equal(*tree, now_.parsed);
        if (out_.noop) return std::move(out_);
        next.clear();
        write_tree_as_lines(next, *tree);
        const Snapshot then = take_snapshot(now_.path, next.text(), environment_, memory_);
        if (!then.valid) return invalid(then.problems);
        diff(now_.resolved, then.resolved, changed_count_max, out_.changed);
        return std::move(out_);
    }

private:
    static constexpr std::size_t changed_count_max = 200;

    Edited refuse(std::string_view message) {
        out_.message = message;
        return std::move(out_);
    }
    Edited invalid(const std::pmr::vector<Problem>& problems) {
        for (const Problem& problem : problems) {
            if (!problem.error) continue;
            if (out_.message.empty()) {
                out_.message = "invalid config: ";
                out_.message += problem.path.empty() ? std::string_view("<root>") : std::string_view(problem.path);
                out_.message += ": ";
                out_.message += problem.message;
            }
            out_.issues.emplace_back(memory_) = problem;  // a copy of it would leave our memory
        }
        return std::move(out_);
    }

    bool has_right_base() {
        if (!now_.exists) return true;
        if (!request_.base_hash || request_.base_hash->empty()) {
            out_.message = "config base hash required; re-run config.get and retry";
        } else if (*request_.base_hash != as_text(now_.hash)) {
            out_.message = "config changed since last load; re-run config.get and retry";
        }
        return out_.message.empty();
    }

    Node changed() {
        Node tree = clone(now_.parsed, memory_);
        request_.change(request_.context, tree, now_.resolved);
        return tree;
    }

    std::optional<Node> read_raw() {
        std::pmr::string json(memory_);
        json::Json5Error error{{}, 0, {}, std::pmr::string(memory_)};
        if (!json::json5_to_json(request_.raw, json, error)) {
            out_.message = syntax_error(request_.raw, error, memory_);
            return std::nullopt;
        }
        std::pmr::vector<Problem> problems(memory_);
        Report report(problems, memory_);
        report.add_main(request_.raw);
        std::optional<Node> tree = parse_tree(0, report);
        if (!tree) invalid_in_place(problems);
        return tree;
    }
    void invalid_in_place(const std::pmr::vector<Problem>& problems) { out_ = invalid(problems); }

    bool put_secrets_back(Node& tree) {
        std::pmr::vector<Problem> problems(memory_);
        Report report(problems, memory_);
        report.add_main(request_.raw);
        restore(tree, now_.parsed, now_.resolved, report);
        if (report.failed()) invalid_in_place(problems);
        return !report.failed();
    }

    const Snapshot& now_;
    const EditRequest& request_;
    const Environment& environment_;
    std::pmr::memory_resource* memory_;
    Edited out_;
};

}  // namespace

Snapshot take_snapshot(std::string_view path, std::optional<std::string_view> text, const Environment& environment,
                       std::pmr::memory_resource* memory) {
    Snapshot out(memory);
    out.path = path;
    out.exists = text.has_value();
    out.text = text.value_or(std::string_view{});
    out.hash = hash_of(out.text);
    {
        std::pmr::vector<Problem> problems(memory);
        Report report(problems, memory);
        report.add_main(out.text);
        std::optional<Node> parsed = parse_tree(0, report);
        out.readable = parsed && parsed->is(Kind::object);
        if (out.readable) out.parsed = std::move(*parsed);
    }
    Config config(memory);
    LoadDetails details(memory);
    out.valid = load(out.text, environment, config, out.problems, memory, &details);
    out.resolved = std::move(details.resolved);
    out.legacy = std::move(details.migrations);
    return out;
}

void write_snapshot(json::Writer& out, const Snapshot& snapshot, BlockPool* pool) {
    std::pmr::memory_resource* const memory = snapshot.path.get_allocator().resource();
    out.begin_object().member("path", snapshot.path).member("exists", snapshot.exists);
    // Comments may hold secrets, too: the text is written anew from what was read.
    out.key("raw");
    if (snapshot.exists && snapshot.readable) {
        Node shown = clone(snapshot.parsed, memory);
        redact(shown);
        Buffer text(pool);
        write_tree_as_lines(text, shown);
        out.string(text.text());
    } else {
        out.null();
    }
    out.key("parsed");
    write_shown(out, snapshot.parsed, false);
    out.key("resolved");
    write_shown(out, snapshot.resolved, false);
    out.member("valid", snapshot.valid).key("config");
    write_config(out, snapshot);
    out.member("hash", as_text(snapshot.hash)).key("issues").begin_array();
    for (const Problem& one : snapshot.problems) {
        if (one.error) write_problem(out, one.path, one.message);
    }
    out.end_array().key("warnings").begin_array();
    for (const Problem& one : snapshot.problems) {
        if (!one.error) write_problem(out, one.path, one.message);
    }
    out.end_array().key("legacyIssues").begin_array();
    for (const Migration& one : snapshot.legacy) write_problem(out, one.path, one.message);
    out.end_array().end_object();
}

void write_config(json::Writer& out, const Snapshot& snapshot) { write_shown(out, snapshot.resolved, true); }

Edited edit(const Snapshot& now, const EditRequest& request, const Environment& environment, Buffer& next,
            std::pmr::memory_resource* memory) {
    return Editor(now, request, environment, memory).run(next);
}

void write_issues(json::Writer& out, std::span<const Problem> issues) {
    out.begin_object().key("issues").begin_array();
    for (const Problem& one : issues) write_problem(out, one.path, one.message);
    out.end_array().end_object();
}

}  // namespace gw::config
