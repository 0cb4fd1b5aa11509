#include "session/history.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/calendar.h"
#include "session/message.h"

namespace gw::session {

namespace {

constexpr std::string_view too_large = "[chat.history omitted: message too large]";
constexpr std::string_view cut_mark = "\n...(truncated)...";
constexpr std::size_t member_bytes_max = 16384;              // of a field that we do not know
constexpr ReadLimits title_reads{256U << 10U, 256U << 10U};  // how far a list looks into a transcript

// Writes one message as clients may have it.
class Cleaner {
public:
    Cleaner(const HistoryLimits& limits, std::pmr::memory_resource* memory) : limits_(limits), memory_(memory) {}

    void message(const TranscriptEntry& entry, json::Writer& w) {
        const json::Value message = entry.message();
        const bool user = entry.role == "user";
        const bool assistant = entry.role == "assistant";
        std::pmr::string sender(memory_);
        w.begin_object();
        for (json::Value v = message.first(); v.exists(); v = v.next()) {
            const std::string_view name = v.key();
            if (name == "content" || name == "text") {
                w.key(name);
                content(v, user, assistant, sender, w);
            } else if (name == "usage") {
                if (assistant) usage(v, w.key(name));
            } else if (name == "details" || (name == "cost" && !assistant)) {
                continue;
            } else if (v.raw().size() <= member_bytes_max) {
                w.key(name).value(v);
            }
        }
        if (user && !sender.empty() && !message["senderLabel"].exists()) w.member("senderLabel", sender);
        if (!message["timestamp"].exists() && entry.time_ms > 0) w.member("timestamp", entry.time_ms);
        if (!message["__openclaw"].exists()) note(entry, w);
        w.end_object();
    }

    // Who, when and which, for clients that go back to a message or continue from it.
    static void note(const TranscriptEntry& entry, json::Writer& w, std::string_view why = {}) {
        w.key("__openclaw").begin_object();
        if (!entry.id.empty()) w.member("id", entry.id);
        if (entry.time_ms > 0) w.member("recordTimestampMs", entry.time_ms);
        if (!why.empty()) w.member("truncated", true).member("reason", why);
        w.end_object();
    }

    static void placeholder(const TranscriptEntry& entry, json::Writer& w) {
        w.begin_object().member("role", entry.role.empty() ? std::string_view("assistant") : entry.role);
        w.key("content").begin_array().begin_object().member("type", "text").member("text", too_large).end_object();
        w.end_array().member("timestamp", entry.time_ms);
        note(entry, w, "oversized");
        w.end_object();
    }

private:
    void text(std::string_view given, bool user, bool assistant, std::pmr::string& sender, json::Writer& w) {
        std::pmr::string kept(memory_);
        std::string_view shown = given;
        if (user) {
            Unwrapped unwrapped = unwrap(given, memory_);
            if (sender.empty()) sender = std::move(unwrapped.sender);
            shown = unwrapped.text;
        } else if (assistant && given.find("[[") != std::string_view::npos) {
            kept = without_directives(given, memory_);
            shown = kept;
        }
        cut(shown, w);
    }

    void cut(std::string_view given, json::Writer& w) {
        const std::string_view part = first_characters(given, limits_.text_characters_max);
        if (part.size() == given.size()) {
            w.string(given);
            return;
        }
        std::pmr::string marked(part, memory_);
        marked.append(cut_mark);
        w.string(marked);
    }

    void content(const json::Value& value, bool user, bool assistant, std::pmr::string& sender, json::Writer& w) {
        if (const auto plain = value.as_string()) return text(*plain, user, assistant, sender, w);
        if (!value.is(json::Kind::array)) {
            w.begin_array().end_array();
            return;
        }
        w.begin_array();
        for (json::Value part = value.first(); part.exists(); part = part.next()) {
            if (!part.is(json::Kind::object)) continue;
            this->part(part, user, assistant, sender, w);
        }
        w.end_array();
    }

    void part(const json::Value& part, bool user, bool assistant, std::pmr::string& sender, json::Writer& w) {
        std::size_t data_bytes = 0;
        w.begin_object();
        for (json::Value v = part.first(); v.exists(); v = v.next()) {
            const std::string_view name = v.key();
            const auto string = v.as_string();
            if (name == "text" && string) {
                w.key(name);
                text(*string, user, assistant, sender, w);
            } else if ((name == "thinking" || name == "partialJson") && string) {
                cut(*string, w.key(name));
            } else if (name == "data" || name == "blob") {
                data_bytes += string ? string->size() : v.raw().size();
            } else if (name == "source" && v["data"].exists()) {
                data_bytes += v["data"].as_string().value_or("").size();
            } else if (name.ends_with("Signature")) {
                continue;  // for the provider's eyes only, and large
            } else if (name == "arguments" || v.raw().size() <= member_bytes_max) {
                w.key(name).value(v);
            }
        }
        if (data_bytes > 0) w.member("omitted", true).member("bytes", static_cast<std::uint64_t>(data_bytes));
        w.end_object();
    }

    static void usage(const json::Value& given, json::Writer& w) {
        w.begin_object();
        for (const std::string_view name : {"input", "output", "totalTokens", "cacheRead", "cacheWrite"}) {
            if (given[name].is(json::Kind::number)) w.key(name).value(given[name]);
        }
        if (const json::Value cost = given["cost"]; cost.is(json::Kind::object)) {
            w.key("cost").begin_object();
            for (const std::string_view name : {"input", "output", "cacheRead", "cacheWrite", "total"}) {
                if (cost[name].is(json::Kind::number)) w.key(name).value(cost[name]);
            }
            w.end_object();
        }
        w.end_object();
    }

    const HistoryLimits& limits_;
    std::pmr::memory_resource* memory_;
};

bool has_calls(const json::Value& message) noexcept {
    for (json::Value part = message["content"].first(); part.exists(); part = part.next()) {
        if (part["type"].as_string() == "toolCall") return true;
    }
    return false;
}

bool is_shown(const TranscriptEntry& entry, std::pmr::memory_resource* memory) {
    if (entry.type == "compaction") return true;
    if (entry.type != "message" || entry.role.empty()) return false;
    if (entry.role != "assistant" || !entry.object.exists()) return true;
    // Nearly all texts are longer than the one that is meant.
    return entry.size > 4096 || !is_silent(message_text(entry.message(), memory)) || has_calls(entry.message());
}

// Where the conversation was summed up, and older messages are no longer before the model.
void write_compaction(const TranscriptEntry& entry, json::Writer& w) {
    w.begin_object().member("role", "system").key("content").begin_array();
    w.begin_object().member("type", "text").member("text", "Compaction").end_object().end_array();
    w.member("timestamp", entry.time_ms).key("__openclaw").begin_object().member("kind", "compaction");
    w.member("id", entry.id).end_object().end_object();
}

std::string_view preview_role(std::string_view role) noexcept {
    for (const std::string_view known : {"user", "assistant", "system"}) {
        if (role == known) return known;
    }
    return role == "toolResult" || role == "tool" ? "tool" : "other";
}

// One line about what a message holds besides text.
std::pmr::string about_parts(const json::Value& message, std::pmr::memory_resource* memory) {
    std::pmr::string out(memory);
    std::size_t calls = 0;
    for (json::Value part = message["content"].first(); part.exists(); part = part.next()) {
        const auto type = part["type"].as_string().value_or("");
        if (type == "toolCall") {
            if (++calls > 2) continue;
            out.append(calls == 1 ? "call " : ", ")
                .append(first_characters(part["name"].as_string().value_or("?"), 64));
        } else if (type == "image" && out.empty()) {
            out = "[image]";
        }
    }
    if (calls > 2) {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, calls - 2).ptr;
        out.append(" (+").append(digits, static_cast<std::size_t>(end - digits)).append(")");
    }
    return out;
}

std::pmr::string shown_text(const TranscriptEntry& entry, std::pmr::memory_resource* memory) {
    std::pmr::string text = message_text(entry.message(), memory);
    if (entry.role == "user") return std::pmr::string(unwrap(text, memory).text, memory);
    if (entry.role == "assistant") {
        if (is_silent(text)) return std::pmr::string(memory);
        return without_directives(text, memory);
    }
    return text;
}

}  // namespace

Result<HistoryPage> write_messages(Transcripts& transcripts, std::string_view log, const HistoryLimits& limits,
                                   BlockPool* pool, std::pmr::memory_resource* memory, Buffer& out) {
    struct Piece {
        std::size_t at, size;
    };
    Buffer texts(pool);
    std::pmr::vector<Piece> pieces(memory);  // newest first
    HistoryPage page;
    Cleaner cleaner(limits, memory);
    const std::size_t wanted = std::min(limits.count, HistoryLimits::count_max);
    std::size_t skipped = 0;
    std::size_t bytes = 2;
    const auto done = transcripts.read_back(log, [&](const TranscriptEntry& entry) {
        if (!is_shown(entry, memory)) return Visit::more;
        if (skipped < limits.offset) return ++skipped, Visit::more;
        if (pieces.size() == wanted) {
            page.has_more = true;
            return Visit::enough;
        }
        const std::size_t at = texts.size();
        {
            json::Writer w(texts);
            if (entry.type == "compaction") {
                write_compaction(entry, w);
            } else if (!entry.object.exists()) {
                Cleaner::placeholder(entry, w);
            } else if (limits.clean) {
                cleaner.message(entry, w);
            } else {
                w.value(entry.message());
            }
        }
        if (texts.size() - at > limits.message_bytes_max) {
            texts.truncate(at);
            json::Writer w(texts);
            Cleaner::placeholder(entry, w);
        }
        const std::size_t size = texts.size() - at;
        if (bytes + size + 1 > limits.all_bytes_max) {
            page.has_more = true;
            return Visit::enough;
        }
        bytes += size + 1;
        pieces.push_back({at, size});
        return Visit::more;
    });
    if (!done) return done.error();
    // The path went on beyond what may be read.
    if (!*done && pieces.size() < wanted) page.has_more = true;
    out.append('[');
    for (std::size_t i = pieces.size(); i-- > 0;) {
        out.append(texts.text().substr(pieces[i].at, pieces[i].size));
        if (i > 0) out.append(',');
    }
    out.append(']');
    page.count = pieces.size();
    return page;
}

Result<std::size_t> write_preview_items(Transcripts& transcripts, std::string_view log, const PreviewLimits& limits,
                                        std::pmr::memory_resource* memory, json::Writer& out) {
    struct Item {
        std::string_view role;
        std::pmr::string text;
    };
    std::pmr::vector<Item> items(memory);
    const std::size_t wanted = std::clamp<std::size_t>(limits.count, 1, 50);
    const std::size_t characters = std::clamp<std::size_t>(limits.characters_max, 20, 2000);
    const auto done = transcripts.read_back(log,
                                            [&](const TranscriptEntry& entry) {
                                                if (entry.type != "message" || !entry.object.exists())
                                                    return Visit::more;
                                                std::pmr::string text = shown_text(entry, memory);
                                                std::string_view role = preview_role(entry.role);
                                                if (text.empty()) {
                                                    text = about_parts(entry.message(), memory);
                                                    if (text.starts_with("call ")) role = "tool";
                                                }
                                                if (text.empty()) return Visit::more;
                                                if (const std::string_view part = first_characters(text, characters);
                                                    part.size() < text.size()) {
                                                    text.resize(first_characters(text, characters - 3).size());
                                                    text.append("...");
                                                }
                                                items.push_back({role, std::move(text)});
                                                return items.size() < wanted ? Visit::more : Visit::enough;
                                            },
                                            {1U << 20U, 4U << 20U});
    if (!done) return done.error();
    out.begin_array();
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
        out.begin_object().member("role", item->role).member("text", item->text).end_object();
    }
    out.end_array();
    return items.size();
}

std::pmr::string derived_title(Transcripts& transcripts, std::string_view log, const Entry& entry,
                               std::pmr::memory_resource* memory) {
    for (const std::string_view name : {"label", "displayName", "subject"}) {
        const auto text = entry.text(name);
        if (text && !text->empty()) return title_of(*text, memory);
    }
    std::pmr::string title(memory);
    if (!log.empty()) {
        (void)transcripts.read(
            log, 0,
            [&](const TranscriptEntry& line) {
                if (line.role != "user" || !line.object.exists()) return Visit::more;
                title = title_of(shown_text(line, memory), memory);
                return title.empty() ? Visit::more : Visit::enough;
            },
            title_reads);
    }
    if (!title.empty() || entry.session_id().empty()) return title;
    title.append(entry.session_id().substr(0, 8));
    if (entry.updated_at_ms() > 0) {
        title.append(" (").append(format_date(day_of(entry.updated_at_ms())).view()).append(")");
    }
    return title;
}

std::pmr::string last_message_preview(Transcripts& transcripts, std::string_view log,
                                      std::pmr::memory_resource* memory) {
    std::pmr::string text(memory);
    if (log.empty()) return text;
    (void)transcripts.read_back(
        log,
        [&](const TranscriptEntry& entry) {
            if (entry.role != "user" && entry.role != "assistant") return Visit::more;
            text = title_of(shown_text(entry, memory), memory, 240);
            return text.empty() ? Visit::more : Visit::enough;
        },
        title_reads);
    return text;
}

}  // namespace gw::session
