#include "support/mock_script.h"

#include <simdjson.h>
#include <strings.h>

#include <algorithm>

namespace mock {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t records_max = 20000;

std::string text_of(dom::element value) {
    std::string_view text;
    return value.get(text) == simdjson::SUCCESS ? std::string(text) : std::string(simdjson::minify(value));
}

std::optional<dom::element> member(dom::element script, std::string_view name) {
    dom::element value;
    if (script[name].get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

bool flag(dom::element script, std::string_view name) {
    bool value = false;
    return script[name].get(value) == simdjson::SUCCESS && value;
}

std::optional<std::uint64_t> number(dom::element script, std::string_view name) {
    std::uint64_t value = 0;
    if (script[name].get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

dom::array list(dom::element value) {
    dom::array out;
    if (value.get(out) != simdjson::SUCCESS) throw std::string("a list was expected");
    return out;
}

std::vector<Event> events_of(dom::element value, bool named) {
    std::vector<Event> out;
    for (const dom::element one : list(value)) {
        if (!named) {
            out.push_back({"", text_of(one)});
            continue;
        }
        const dom::array pair = list(one);
        if (pair.size() != 2) throw std::string("an event is [name, data]");
        out.push_back({text_of(pair.at(0)), text_of(pair.at(1))});
    }
    return out;
}

Pieces texts_of(dom::element value) {
    Pieces out;
    for (const dom::element one : list(value)) out.push_back(text_of(one));
    return out;
}

Options form_of(dom::element script) {
    Options out;
    out.comments = flag(script, "comments");
    out.byte_order_mark = flag(script, "bom");
    out.odd = flag(script, "tight");
    if (flag(script, "crlf")) out.line_end = LineEnd::crlf;
    if (flag(script, "cr")) out.line_end = LineEnd::cr;
    return out;
}

struct Body {
    std::string content_type = "application/json";
    Pieces pieces;
    bool stream = true;
};

Body spoken(dom::element script, const Request& request) {
    Route route;
    if (!route_of(request.target, route)) throw std::string("this path has no dialect to speak");
    Speech speech;
    if (const auto say = member(script, "say")) speech.texts = texts_of(*say);
    if (const auto tools = member(script, "tools")) {
        for (const dom::element tool : list(*tools)) {
            const auto name = member(tool, "name");
            const auto arguments = member(tool, "arguments");
            if (!name || !arguments) throw std::string("a tool has a name and arguments");
            speech.tools.push_back({text_of(*name), texts_of(*arguments)});
        }
    }
    Body out;
    out.stream = streams(route, request);
    if (out.stream) out.content_type = content_type_of(route.form);
    out.pieces = speak(route, speech, form_of(script), request);
    return out;
}

Body body_of(dom::element script, const Request& request) {
    const Options options = form_of(script);
    const SseForm form{options.line_end, options.comments, options.byte_order_mark, options.odd};
    const auto streamed = [&](StreamForm kind, const std::vector<Event>& events) {
        return Body{std::string(content_type_of(kind)), encode(kind, events, form), true};
    };
    if (const auto value = member(script, "sse")) return streamed(StreamForm::sse, events_of(*value, false));
    if (const auto value = member(script, "sse_events")) return streamed(StreamForm::sse, events_of(*value, true));
    if (const auto value = member(script, "ndjson")) return streamed(StreamForm::ndjson, events_of(*value, false));
    if (const auto value = member(script, "aws_events"))
        return streamed(StreamForm::aws_events, events_of(*value, true));
    if (member(script, "say") || member(script, "tools")) return spoken(script, request);
    Body out;
    out.stream = false;
    if (const auto value = member(script, "raw_base64")) out.pieces = {from_base64(text_of(*value))};
    if (const auto value = member(script, "body")) out.pieces = {text_of(*value)};
    return out;
}

Headers headers_of(dom::element script, const Body& body) {
    Headers out;
    dom::object given;
    if (const auto value = member(script, "headers"); value && value->get(given) == simdjson::SUCCESS) {
        for (const auto& [name, text] : given) out.emplace_back(std::string(name), text_of(text));
    }
    const bool typed = std::any_of(out.begin(), out.end(), [](const auto& header) {
        return strcasecmp(header.first.c_str(), "content-type") == 0;
    });
    if (!typed) out.emplace_back("Content-Type", body.content_type);
    if (flag(script, "gzip")) out.emplace_back("Content-Encoding", "gzip");
    return out;
}

Pieces cut_as_told(dom::element script, Pieces pieces) {
    const auto told = member(script, "cut");
    std::uint64_t size = 0;
    dom::array positions;
    if (!told) return pieces;
    if (told->get(size) == simdjson::SUCCESS) return size == 0 ? pieces : cut(pieces, size);
    if (told->get(positions) != simdjson::SUCCESS) return pieces;
    std::vector<std::size_t> at;
    for (const dom::element one : positions) {
        if (one.get(size) != simdjson::SUCCESS) throw std::string("a position is a number");
        at.push_back(size);
    }
    std::sort(at.begin(), at.end());
    return cut_at(pieces, at);
}

Plan plan_of(dom::element script, const Request& request) {
    constexpr std::uint64_t millisecond_ns = 1'000'000;
    Plan plan;
    plan.first_ns = number(script, "first_ms").value_or(0) * millisecond_ns;
    plan.gap_ns = number(script, "delay_ms").value_or(0) * millisecond_ns;

    Body body = body_of(script, request);
    if (flag(script, "gzip")) body.pieces = compress(body.pieces);
    const std::size_t body_bytes = bytes_of(body.pieces);
    body.pieces = cut_as_told(script, std::move(body.pieces));
    const std::pair<std::string_view, Ending> endings[] = {
        {"stall_after", Ending::stall}, {"close_after", Ending::close}, {"reset_after", Ending::reset}};
    for (const auto& [name, ending] : endings) {
        const auto bytes = number(script, name);
        if (!bytes) continue;
        plan.ending = ending;
        plan.whole = *bytes >= body_bytes;
        body.pieces = cut_at(body.pieces, {});
        if (!body.pieces.empty()) body.pieces.front().resize(std::min<std::size_t>(body_bytes, *bytes));
        body.pieces = cut_as_told(script, std::move(body.pieces));
    }

    Framing framing = body.stream ? Framing::chunked : Framing::automatic;
    if (const auto told = member(script, "framing")) {
        const std::string name = text_of(*told);
        framing = name == "length"        ? Framing::automatic
                  : name == "until_close" ? Framing::until_close
                                          : Framing::chunked;
    }
    const bool keep_alive = request.keep_alive && framing != Framing::until_close && plan.ending == Ending::keep;
    const int status = static_cast<int>(number(script, "status").value_or(200));
    plan.pieces.push_back(head(status, headers_of(script, body), framing, body_bytes, keep_alive));
    for (std::string& piece : body.pieces) {
        plan.pieces.push_back(framing == Framing::chunked ? in_chunk(piece) : std::move(piece));
    }
    if (framing == Framing::chunked && plan.whole && plan.ending != Ending::stall) plan.pieces.back() += last_chunk;
    if (plan.ending == Ending::keep && !keep_alive) plan.ending = Ending::close;
    return plan;
}

std::string_view header(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    }
    return {};
}

}  // namespace

std::optional<Plan> Scripts::control(const Request& request) {
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    if (!path.starts_with("/_mock/")) return std::nullopt;
    const auto say = [&](int status, std::string_view body) { return plan_json(status, body, request.keep_alive); };
    if (path == "/_mock/script" && request.method == "POST") {
        if (const std::string wrong = add(request.body); !wrong.empty()) return say(400, error_json(400, wrong));
        return say(200, "{\"scripts\":" + std::to_string(next_.size() + named_.size()) + "}");
    }
    if (path == "/_mock/requests" && request.method == "GET") {
        const std::size_t id = target.find("?id=");
        return say(200, requests_json(id == std::string_view::npos ? "" : target.substr(id + 4)));
    }
    if (path == "/_mock/reset" && request.method == "POST") {
        next_.clear();
        named_.clear();
        // A record's number stays good: an answer that is still under way only finds nothing to note.
        for (Record& record : records_) record = Record{"", Request(), Outcome::complete};
        if (records_.size() > records_max) records_.clear();
        return say(200, "{}");
    }
    return say(404, error_json(404, "no such control"));
}

std::string Scripts::add(std::string_view json) {
    dom::parser parser;
    dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return "the script is no JSON";
    dom::array many;
    std::vector<dom::element> scripts;
    if (root.get(many) == simdjson::SUCCESS) {
        scripts.assign(many.begin(), many.end());
    } else {
        scripts.push_back(root);
    }
    for (const dom::element one : scripts) {
        if (!one.is_object()) return "a script is an object";
        Script script{"", std::string(simdjson::minify(one)),
                      static_cast<std::size_t>(number(one, "times").value_or(1))};
        if (const auto id = member(one, "id")) script.id = text_of(*id);
        if (script.id.empty()) {
            next_.push_back(std::move(script));
        } else {
            named_[script.id] = std::move(script);
        }
    }
    return {};
}

std::optional<Scripts::Answer> Scripts::take(const Request& request) {
    const auto named = named_.find(header(request, "x-mock-script"));
    if (named == named_.end() && next_.empty()) return std::nullopt;
    Script& script = named != named_.end() ? named->second : next_.front();
    Answer out;
    out.record = records_.size();
    records_.push_back({script.id, request, Outcome::open});
    dom::parser parser;
    dom::element root;
    Plan plan;
    try {
        if (parser.parse(script.json).get(root) == simdjson::SUCCESS) plan = plan_of(root, request);
    } catch (const std::string& wrong) {
        plan = plan_json(500, error_json(500, "mock script: " + wrong), request.keep_alive);
    }
    out.plan = std::make_shared<const Plan>(std::move(plan));
    if (script.times == 1) {
        if (named != named_.end()) {
            named_.erase(named);
        } else {
            next_.pop_front();
        }
    } else if (script.times > 1) {
        --script.times;
    }
    return out;
}

void Scripts::finished(std::size_t record, Outcome outcome) {
    if (record < records_.size()) records_[record].outcome = outcome;
}

std::string Scripts::requests_json(std::string_view id) const {
    static constexpr std::string_view names[] = {"open", "complete", "left_early", "ended"};
    std::string out = "[";
    for (const Record& record : records_) {
        if (record.request.method.empty() || (!id.empty() && record.id != id)) continue;
        if (out.size() > 1) out += ',';
        const Request& request = record.request;
        out += "{\"id\":" + json_string(record.id) + ",\"method\":" + json_string(request.method);
        out += ",\"path\":" + json_string(request.target) + ",\"headers\":[";
        for (const auto& [name, value] : request.headers) {
            out += (out.back() == '[' ? "[" : ",[") + json_string(name) + ',' + json_string(value) + ']';
        }
        out += "],\"body\":\"" + base64(request.body) + "\",\"outcome\":\"";
        out.append(names[static_cast<std::size_t>(record.outcome)]).append("\"}");
    }
    return out + ']';
}

}  // namespace mock
