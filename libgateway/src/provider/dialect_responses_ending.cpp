// Ending a Responses stream. The SDKs put an answer together from the deltas and again from the "done" events, so that
// what is closed here repeats what was really sent.
#include <algorithm>
#include <map>

#include "provider/dialect_responses.h"
#include "provider/dialect_responses_events.h"
#include "provider/dialect_text.h"

namespace gw::provider {

using json::Kind;
using json::Value;
using json::Writer;

namespace responses {
namespace {

// A part of a message, of reasoning, or of its summary.
struct Part {
    explicit Part(std::pmr::memory_resource* memory) : type(memory), text(memory), raw(memory) {}
    std::pmr::string type;  // "output_text", "refusal", "reasoning_text", "summary_text"
    std::pmr::string text;  // sent so far
    std::pmr::string raw;   // when it is done: as it was sent
    bool text_done = false;
    bool done = false;
    bool cut = false;  // there was more text than is kept
};
using Parts = std::pmr::map<std::uint32_t, Part>;

struct Item {
    explicit Item(std::pmr::memory_resource* memory)
        : id(memory), type(memory), raw(memory), content(memory), summary(memory) {}
    std::pmr::string id, type;
    std::pmr::string raw;  // when it is done: as it was sent, or empty when it is more than is kept
    Parts content, summary;
    bool done = false;
};

// How the events of a part are called.
struct PartNames {
    std::string_view text, part, index;
};
PartNames names_of(std::string_view type, bool summary) noexcept {
    if (summary)
        return {"response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "summary_index"};
    if (type == "refusal") return {"response.refusal.done", "response.content_part.done", "content_index"};
    if (type == "reasoning_text")
        return {"response.reasoning_text.done", "response.content_part.done", "content_index"};
    return {"response.output_text.done", "response.content_part.done", "content_index"};
}

class ResponsesEnding final : public StreamEnding {
public:
    explicit ResponsesEnding(std::pmr::memory_resource* memory)
        : memory_(memory), items_(memory), id_(memory), model_(memory) {}

    void note(std::string_view type, const Value& root) override;
    void note_sentinel(std::string_view data) override { done_ |= data == "[DONE]"; }
    void write_block(Buffer& out, const Notice& notice) override;
    void write_failure(Buffer& out, std::string_view message) override;

private:
    // What is repeated at the end: 1 MiB. Of what is longer only the notice is.
    static constexpr std::size_t kept_bytes_max = std::size_t{1} << 20U;

    void note_response(std::string_view name, const Value& response);
    void note_item(std::string_view name, std::uint32_t output, const Value& item);
    void note_part(std::string_view name, std::uint32_t output, const Value& root);

    [[nodiscard]] bool keep(std::pmr::string& to, std::string_view text) {
        if (text.size() > kept_bytes_max - kept_bytes_) return false;
        to += text;
        kept_bytes_ += text.size();
        return true;
    }
    [[nodiscard]] Item* item_at(std::uint32_t output) { return &items_.try_emplace(output, memory_).first->second; }
    void forget_parts(Item& item) {
        for (Parts* parts : {&item.content, &item.summary}) {
            for (const auto& [index, part] : *parts)
                kept_bytes_ -= part.type.size() + part.text.size() + part.raw.size();
            parts_count_ -= parts->size();
            parts->clear();
        }
    }

    void close_part(ResponseEvents& events, const Item& item, std::uint32_t output, std::uint32_t index, Part& part,
                    bool summary, std::string_view more);
    void close_parts(ResponseEvents& events, Item& item, std::uint32_t output);
    void finish_item(ResponseEvents& events, const Item& item, std::uint32_t output, Buffer& outputs);
    void say_in(ResponseEvents& events, Item& item, std::uint32_t output, std::string_view message, Buffer& outputs);

    std::pmr::memory_resource* memory_;
    std::pmr::map<std::uint32_t, Item> items_;
    std::pmr::string id_, model_;
    std::uint64_t created_s_ = 0;
    std::uint64_t sequence_ = 0;  // of the next event
    std::size_t kept_bytes_ = 0;
    std::size_t parts_count_ = 0;
    bool numbered_ = false;
    bool noted_ = false;
    bool done_ = false;
};

void ResponsesEnding::note(std::string_view type, const Value& root) {
    if (!root.is(Kind::object)) return;
    noted_ = true;
    const std::string_view said = string_or_empty(root["type"]);
    if (!said.empty()) type = said;
    if (const auto number = root["sequence_number"].as_int(); number && *number >= 0) {
        numbered_ = true;
        sequence_ = static_cast<std::uint64_t>(*number) + 1;
    }
    if (type == "error") done_ = true;
    if (!type.starts_with("response.")) return;
    const std::string_view name = type.substr(9);
    if (root["response"].is(Kind::object)) note_response(name, root["response"]);
    const auto output = wire_index(root["output_index"]);
    if (!output) return;
    if (root["item"].is(Kind::object)) {
        note_item(name, *output, root["item"]);
    } else if (root["item_id"].exists() || root["output_index"].exists()) {
        note_part(name, *output, root);
    }
}

void ResponsesEnding::note_response(std::string_view name, const Value& response) {
    const auto take = [this](std::pmr::string& mine, const Value& value) {
        const std::string_view text = string_or_empty(value);
        if (mine.empty() && text.size() <= 1024) static_cast<void>(keep(mine, text));
    };
    take(id_, response["id"]);
    take(model_, response["model"]);
    if (const auto created = response["created_at"].as_int(); created && *created > 0)
        created_s_ = static_cast<std::uint64_t>(*created);
    if (name == "completed" || name == "incomplete" || name == "failed" || name == "cancelled") done_ = true;
}

void ResponsesEnding::note_item(std::string_view name, std::uint32_t output, const Value& item) {
    Item& mine = *item_at(output);
    if (mine.done) return;
    if (mine.id.empty()) static_cast<void>(keep(mine.id, string_or_empty(item["id"])));
    if (mine.type.empty()) static_cast<void>(keep(mine.type, string_or_empty(item["type"])));
    if (name != "output_item.done") return;
    mine.done = true;
    forget_parts(mine);
    static_cast<void>(keep(mine.raw, item.raw()));
}

void ResponsesEnding::note_part(std::string_view name, std::uint32_t output, const Value& root) {
    // Names of what a message or reasoning is made of; the parts of calls are not repeated.
    const std::size_t dot = name.find('.');
    const std::string_view what = name.substr(0, dot);
    const bool summary = what.starts_with("reasoning_summary");
    const std::string_view type = what == "output_text" || what == "refusal" || what == "reasoning_text" ? what
                                  : summary                ? "summary_text"
                                  : what == "content_part" ? string_or_empty(root["part"]["type"])
                                                           : std::string_view{};
    const auto index = wire_index(root[summary ? "summary_index" : "content_index"]);
    if (type.empty() || dot == std::string_view::npos || !index) return;
    Item& item = *item_at(output);
    if (item.done) return;
    if (item.id.empty()) static_cast<void>(keep(item.id, string_or_empty(root["item_id"])));
    Parts& parts = summary ? item.summary : item.content;
    auto found = parts.find(*index);
    if (found == parts.end()) {
        if (parts_count_ == StreamReader::channels_max) return;
        found = parts.try_emplace(*index, memory_).first;
        ++parts_count_;
        static_cast<void>(keep(found->second.type, type));
    }
    Part& part = found->second;
    const std::string_view event = name.substr(dot + 1);
    const bool of_part = what == "content_part" || what == "reasoning_summary_part";
    if (event == "delta") {
        part.cut |= part.cut || !keep(part.text, string_or_empty(root["delta"]));
    } else if (event == "added") {
        const Value text = root["part"]["text"];
        part.cut |= !keep(part.text, string_or_empty(text.exists() ? text : root["part"]["refusal"]));
    } else if (event == "done" && !of_part) {
        part.text_done = true;
    } else if (event == "done") {
        part.done = part.text_done = true;
        kept_bytes_ -= part.text.size();  // its raw form has it again
        part.text.clear();
        part.cut |= !keep(part.raw, root["part"].raw());
    }
}

// Ends the text of a part, with `more` at its end (which was sent as a delta), and the part.
void ResponsesEnding::close_part(ResponseEvents& events, const Item& item, std::uint32_t output, std::uint32_t index,
                                 Part& part, bool summary, std::string_view more) {
    if (part.cut) part.text.clear();
    part.text += more;
    const PartNames names = names_of(part.type, summary);
    const auto address = [&](Writer& w) {
        w.member("response_id", events.id).member("item_id", std::string_view(item.id));
        w.member("output_index", std::uint64_t{output}).member(names.index, std::uint64_t{index});
    };
    if (!part.text_done) {
        events.send(names.text, [&](Writer& w) {
            address(w);
            w.member(part.type == "refusal" ? "refusal" : "text", std::string_view(part.text));
        });
    }
    events.send(names.part, [&](Writer& w) {
        address(w);
        w.key("part");
        write_part(w, part.type, part.text);
    });
    part.done = part.text_done = true;
}

void ResponsesEnding::close_parts(ResponseEvents& events, Item& item, std::uint32_t output) {
    for (auto& [index, part] : item.summary) {
        if (!part.done) close_part(events, item, output, index, part, true, {});
    }
    for (auto& [index, part] : item.content) {
        if (!part.done) close_part(events, item, output, index, part, false, {});
    }
}

// Sends the item's end, and adds it to what response.completed repeats.
void ResponsesEnding::finish_item(ResponseEvents& events, const Item& item, std::uint32_t output, Buffer& outputs) {
    Buffer json(events.out.pool());
    Writer w(json);
    const auto write_parts = [&w](std::string_view key, const Parts& parts) {
        w.key(key).begin_array();
        for (const auto& [index, part] : parts) {
            if (part.raw.empty()) {
                write_part(w, part.type, part.text);
            } else {
                w.raw(part.raw);
            }
        }
        w.end_array();
    };
    const bool reasoning = item.type == "reasoning";
    w.begin_object().member("id", std::string_view(item.id));
    w.member("type", reasoning ? "reasoning" : "message");
    if (reasoning) write_parts("summary", item.summary);
    if (!reasoning) w.member("role", "assistant").member("status", "completed");
    if (!reasoning || !item.content.empty()) write_parts("content", item.content);
    w.end_object();
    events.send("response.output_item.done", [&](Writer& event) {
        event.member("response_id", events.id).member("output_index", std::uint64_t{output});
        event.key("item").raw(json.text());
    });
    if (!outputs.empty()) outputs.append(',');
    outputs.append(json.text());
}

// The notice, as more text of the message that is open.
void ResponsesEnding::say_in(ResponseEvents& events, Item& item, std::uint32_t output, std::string_view message,
                             Buffer& outputs) {
    if (item.id.empty()) item.id = blocked_item_id;
    const auto last = item.content.empty() ? item.content.end() : std::prev(item.content.end());
    const bool more = last != item.content.end() && !last->second.text_done && last->second.type == "output_text";
    for (auto at = item.content.begin(); at != item.content.end(); ++at) {
        if (!at->second.done && !(more && at == last))
            close_part(events, item, output, at->first, at->second, false, {});
    }
    if (more) {
        Part& part = last->second;
        const PartAddress at{item.id, output, last->first};
        std::pmr::string said(part.text.empty() && !part.cut ? "" : "\n\n", memory_);
        said += message;
        events.send("response.output_text.delta", [&](Writer& w) {
            write_part_address(w, events, at);
            w.member("delta", std::string_view(said));
        });
        close_part(events, item, output, last->first, part, false, said);
    } else {
        const std::uint32_t index = last == item.content.end() ? 0 : last->first + 1;
        send_text_part(events, {item.id, output, index}, message);
        Part& part = item.content.try_emplace(index, memory_).first->second;
        part.type = "output_text";
        part.text = message;
    }
    finish_item(events, item, output, outputs);
}

void ResponsesEnding::write_block(Buffer& out, const Notice& notice) {
    if (done_) return;
    done_ = true;
    if (!noted_) {
        write_blocked_responses(out, notice, true);
        return;
    }
    ResponseEvents events{out,
                          id_.empty() ? blocked_response_id : std::string_view(id_),
                          model_.empty() ? notice.model : std::string_view(model_),
                          created_s_ != 0 ? created_s_ : notice.unix_ms / 1000,
                          numbered_,
                          sequence_};
    Buffer outputs(out.pool());
    bool said = false;
    for (auto& [output, item] : items_) {
        if (item.done) {
            if (item.raw.empty()) continue;
            if (!outputs.empty()) outputs.append(',');
            outputs.append(std::string_view(item.raw));
            continue;
        }
        const bool message = item.type == "message" || (item.type.empty() && !item.content.empty());
        if (message && output == items_.rbegin()->first) {
            say_in(events, item, output, notice.message, outputs);
            said = true;
        } else if (message || item.type == "reasoning") {
            close_parts(events, item, output);
            finish_item(events, item, output, outputs);
        }
        // A call that is open stays so, and is not repeated: agents run a call when its item is done.
    }
    if (!said) {
        const std::uint32_t next = items_.empty() ? 0 : items_.rbegin()->first + 1;
        send_notice_item(events, next, notice.message);
        if (!outputs.empty()) outputs.append(',');
        Writer w(outputs);
        write_notice_item(w, notice.message);
    }
    send_completed(events, outputs.text());
}

void ResponsesEnding::write_failure(Buffer& out, std::string_view message) {
    if (done_) return;
    done_ = true;
    ResponseEvents events{out,
                          id_.empty() ? std::string_view("resp_failed") : std::string_view(id_),
                          model_,
                          created_s_,
                          numbered_ || !noted_,
                          sequence_};
    events.send("error",
                [&](Writer& w) { w.member("code", "upstream_error").member("message", message).key("param").null(); });
    Buffer outputs(out.pool());
    for (const auto& [output, item] : items_) {
        if (item.raw.empty()) continue;
        if (!outputs.empty()) outputs.append(',');
        outputs.append(std::string_view(item.raw));
    }
    events.send("response.failed", [&](Writer& w) {
        w.key("response").begin_object();
        write_response_object(w, events, "failed", outputs.text());
        w.key("error").begin_object().member("code", "server_error").member("message", message).end_object();
        w.end_object();
    });
}

}  // namespace
}  // namespace responses

Owned<StreamEnding> new_responses_ending(std::pmr::memory_resource* memory) {
    return make_owned<responses::ResponsesEnding>(memory, memory);
}

}  // namespace gw::provider
