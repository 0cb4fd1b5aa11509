// What an SDK's accumulator would choke on.
#include <algorithm>
#include <map>

#include "provider/openai_support.h"

namespace gw::test::openai {

namespace {

std::string_view string_at(json::Value value) { return value.as_string().value_or("(none)"); }

// Puts a Responses stream together twice, from the deltas and from what is said when something is done.
class ResponseJudge {
public:
    std::string judge(const Events& events) {
        for (const Event& event : events) {
            const Json json(event.data);
            if (!json.good()) return "no JSON: " + event.data;
            if (completed_) return "an event behind the last: " + event.data;
            wrong_.clear();
            take(event.type, json.root());
            if (!wrong_.empty()) return wrong_ + ": " + event.data;
        }
        return completed_ ? "" : "no terminal event";
    }

private:
    struct Part {
        std::string type, text;
        bool text_done = false, done = false;
    };
    struct Item {
        std::string id, type, arguments, raw;
        std::vector<Part> content, summary;
        bool done = false;
    };

    void require(bool holds, const char* what) {
        if (!holds && wrong_.empty()) wrong_ = what;
    }

    void take(std::string_view type, json::Value root) {
        require(type == string_at(root["type"]), "type and name differ");
        const auto sequence = root["sequence_number"].as_int();
        require(sequence == next_sequence_, "sequence_number");
        ++next_sequence_;
        if (type == "response.created" || type == "response.in_progress") {
            id_ = string_at(root["response"]["id"]);
            return;
        }
        if (type == "response.completed") {
            completed_ = true;
            require(string_at(root["response"]["id"]) == id_, "another response");
            require(string_at(root["response"]["status"]) == "completed", "status");
            std::size_t at = 0;
            const json::Value output = root["response"]["output"];
            for (const Item& item : items_) {
                if (!item.done) {
                    require(item.type == "function_call", "an item is left open");
                } else {
                    require(output[at++].raw() == item.raw, "the output is not what was done");
                }
            }
            require(output.size() == at, "items that were never sent");
            return;
        }
        const auto index = static_cast<std::size_t>(root["output_index"].as_int().value_or(-1));
        if (type == "response.output_item.added") {
            require(index == items_.size(), "output_index");
            Item& item = items_.emplace_back();
            item.id = string_at(root["item"]["id"]);
            item.type = string_at(root["item"]["type"]);
            return;
        }
        require(index < items_.size(), "output_index of no item");
        if (!wrong_.empty()) return;
        Item& item = items_[index];
        require(!item.done, "more of an item that is done");
        if (type == "response.output_item.done") {
            finish(item, root["item"]);
            return;
        }
        require(string_at(root["item_id"]) == item.id, "item_id");
        if (type == "response.function_call_arguments.delta") {
            item.arguments += string_at(root["delta"]);
        } else if (type == "response.function_call_arguments.done") {
            require(string_at(root["arguments"]) == item.arguments, "arguments");
        } else {
            take_part(type.substr(9), item, root);
        }
    }

    void take_part(std::string_view name, Item& item, json::Value root) {
        const bool summary = name.starts_with("reasoning_summary");
        std::vector<Part>& parts = summary ? item.summary : item.content;
        const json::Value wire_index = root[summary ? "summary_index" : "content_index"];
        const auto index = static_cast<std::size_t>(wire_index.as_int().value_or(-1));
        if (name.ends_with("part.added")) {
            require(index == parts.size(), "index of a part");
            parts.emplace_back().type = string_at(root["part"]["type"]);
            return;
        }
        require(index < parts.size(), "index of no part");
        if (!wrong_.empty()) return;
        Part& part = parts[index];
        require(!part.done, "more of a part that is done");
        const std::string_view key = part.type == "refusal" ? "refusal" : "text";
        if (name.ends_with("part.done")) {
            require(part.text_done, "a part is done before its text");
            require(string_at(root["part"][key]) == part.text, "text of a part that is done");
            require(string_at(root["part"]["type"]) == part.type, "type of a part that is done");
            part.done = true;
        } else if (name.ends_with(".delta")) {
            require(!part.text_done, "more of a text that is done");
            part.text += string_at(root["delta"]);
        } else if (name.ends_with(".done")) {
            require(string_at(root[key]) == part.text, "text that is done");
            part.text_done = true;
        } else {
            require(false, "an unknown event");
        }
    }

    void finish(Item& item, json::Value done) {
        require(string_at(done["id"]) == item.id, "id of an item that is done");
        require(string_at(done["type"]) == item.type, "type of an item that is done");
        const auto same = [this](const std::vector<Part>& parts, json::Value said) {
            require(parts.size() == said.size(), "number of parts");
            for (std::size_t i = 0; i < parts.size() && i < said.size(); ++i) {
                require(parts[i].done, "a part is left open");
                require(string_at(said[i][parts[i].type == "refusal" ? "refusal" : "text"]) == parts[i].text, "text");
            }
        };
        same(item.content, done["content"]);
        same(item.summary, done["summary"]);
        if (item.type == "function_call") require(string_at(done["arguments"]) == item.arguments, "arguments");
        item.raw = done.raw();
        item.done = true;
    }

    std::vector<Item> items_;
    std::string id_, wrong_;
    std::int64_t next_sequence_ = 0;
    bool completed_ = false;
};

}  // namespace

std::string judge_responses(const Events& events) { return ResponseJudge().judge(events); }

std::string judge_chat(const Events& events) {
    std::map<std::int64_t, bool> finished;
    std::string id;
    if (events.empty() || events.back().data != "[DONE]") return "no [DONE] at the end";
    for (std::size_t i = 0; i + 1 < events.size(); ++i) {
        const Json json(events[i].data);
        if (!json.good()) return "no JSON: " + events[i].data;
        const json::Value root = json.root();
        const std::string mine(string_at(root["id"]));
        if (!id.empty() && mine != id) return "another id: " + events[i].data;
        id = mine;
        if (string_at(root["object"]) != "chat.completion.chunk" || !root["created"].as_int() ||
            !root["model"].as_string())
            return "members of a chunk: " + events[i].data;
        const json::Value choices = root["choices"];
        const bool all = std::all_of(finished.begin(), finished.end(), [](const auto& entry) { return entry.second; });
        for (json::Value choice = choices.first(); choice.exists(); choice = choice.next()) {
            const auto index = choice["index"].as_int();
            if (!index) return "no index: " + events[i].data;
            const bool begins = finished.count(*index) == 0;
            if (begins && string_at(choice["delta"]["role"]) != "assistant") return "no role: " + events[i].data;
            // A notice may come when all have finished, and then it belongs to each of them.
            if (finished[*index] && !all) return "more of a choice that is finished: " + events[i].data;
            if (choice["finish_reason"].is(json::Kind::string)) finished[*index] = true;
        }
    }
    for (const auto& [index, is] : finished) {
        if (!is) return "choice " + std::to_string(index) + " is left open";
    }
    if (finished.empty()) return "no choice";
    return finished.rbegin()->first + 1 == static_cast<std::int64_t>(finished.size()) ? "" : "a choice is missing";
}

std::string judge_ollama(const Events& events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        const Json json(events[i].data);
        if (!json.good()) return "no JSON: " + events[i].data;
        const json::Value root = json.root();
        if (!root["model"].as_string() || !root["created_at"].as_string()) return "members: " + events[i].data;
        if (!root["message"]["content"].as_string() && !root["response"].as_string()) return "text: " + events[i].data;
        if (root["done"].as_bool() != (i + 1 == events.size())) return "done: " + events[i].data;
    }
    return events.empty() ? "nothing" : "";
}

}  // namespace gw::test::openai
