#include "provider/harvest.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "provider/token_echo.h"

namespace gw::provider {

namespace {

// Texts that were given already, by where they lie: names and ids as the memory of their text, values as their place.
class Given {
public:
    explicit Given(std::pmr::memory_resource* memory) : names_(memory), ends_(memory) {}
    void add(std::string_view name) {
        if (!name.empty()) names_.push_back(name.data());
    }
    void add(const json::Value& value) {
        if (value.exists()) ends_.push_back({value.offset(), value.offset() + value.raw().size()});
    }
    void sort() {
        std::sort(names_.begin(), names_.end());
        std::sort(ends_.begin(), ends_.end());
    }
    // Values that were given do not lie in one another.
    [[nodiscard]] bool has(const json::Value& text) const noexcept {
        if (const auto string = text.as_string();
            string && std::binary_search(names_.begin(), names_.end(), string->data())) {
            return true;
        }
        const std::size_t at = text.offset();
        const auto behind = std::upper_bound(ends_.begin(), ends_.end(), Place{at, SIZE_MAX});
        return behind != ends_.begin() && std::prev(behind)->second > at;
    }

private:
    using Place = std::pair<std::size_t, std::size_t>;
    std::pmr::vector<const char*> names_;
    std::pmr::vector<Place> ends_;
};

}  // namespace

void Harvest::add(const json::Value& value) const {
    const bool container = value.is(json::Kind::object) || value.is(json::Kind::array);
    if (container ? value.size() == 0 : value.as_string().value_or("").empty()) return;
    passages.push_back({kind, role, tool, value});
}

void Harvest::add_string(const json::Value& value) const {
    if (value.is(json::Kind::string)) add(value);
}

// A document nests at most 128 deep (json::Limits), so these two may call themselves.
void Harvest::add_file(const json::Value& value) const {
    if (value.as_string().value_or("").empty()) return;
    passages.push_back({kind, role, tool, value, TextForm::file});
}

void Harvest::add_strings(const json::Value& value) const {
    add_string(value);
    const std::string_view type = value["type"].as_string().value_or("");
    const bool base64 = type == "base64" || type == "redacted_thinking";
    for (json::Value child = value.first(); child.exists(); child = child.next()) {
        const std::string_view key = child.key();
        if (child.is(json::Kind::string) && (is_opaque(key) || (base64 && key == "data"))) continue;
        if (is_token_key(key)) {
            add_tokens(passages, child, {});
        } else {
            add_strings(child);
        }
    }
}

void Harvest::add_descriptions(const json::Value& value) const {
    for (json::Value child = value.first(); child.exists(); child = child.next()) {
        if (child.is(json::Kind::string)) {
            if (child.key() == "description") add_string(child);
        } else {
            add_descriptions(child);
        }
    }
}

bool is_opaque(std::string_view key) noexcept {
    static constexpr std::string_view keys[] = {"type",
                                                "id",
                                                "tool_use_id",
                                                "toolUseId",
                                                "file_id",
                                                "media_type",
                                                "mimeType",
                                                "mime_type",
                                                "signature",
                                                "thoughtSignature",
                                                "thought_signature",
                                                "encrypted_content",
                                                "encrypted_index",
                                                "role",
                                                "stop_reason",
                                                "stopReason",
                                                "finish_reason",
                                                "finishReason",
                                                "completionReason",
                                                "object",
                                                "model",
                                                "anthropic_version",
                                                "service_tier",
                                                "stop_sequence",
                                                "schemaVersion",
                                                "redactedContent"};
    return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

void sort_by_place(Passages& passages, std::size_t from) {
    const auto earlier = [](const Passage& a, const Passage& b) { return a.value.offset() < b.value.offset(); };
    const auto begin = passages.begin() + static_cast<std::ptrdiff_t>(from);
    if (!std::is_sorted(begin, passages.end(), earlier)) std::sort(begin, passages.end(), earlier);
}

void append_wholes(const Passages& passages, Steps& steps) {
    for (const Passage& passage : passages) {
        Step step;
        step.what = Step::What::whole;
        step.kind = passage.kind;
        step.tool = passage.tool;
        step.value = passage.value;
        step.form = passage.form;
        step.exact = passage.exact;
        steps.push_back(step);
    }
}

void append_rest(const json::Value& root, std::size_t from, Steps& steps, const json::Value& padding) {
    std::pmr::memory_resource* memory = steps.get_allocator().resource();
    Passages rest(memory);
    Harvest{rest}.add_strings(root);
    if (rest.empty()) return;
    Given given(memory);
    given.add(padding);
    for (std::size_t i = from; i < steps.size(); ++i) {
        const Step& step = steps[i];
        given.add(step.value);
        for (const std::string_view name : {step.tool, step.call_id, step.id, step.model}) given.add(name);
    }
    given.sort();
    rest.erase(std::remove_if(rest.begin(), rest.end(), [&](const Passage& it) { return given.has(it.value); }),
               rest.end());
    std::optional<Step> done;
    if (steps.size() > from && steps.back().what == Step::What::done) {
        done = steps.back();
        steps.pop_back();
    }
    append_wholes(rest, steps);
    if (done) steps.push_back(*done);
}

void add_rest(const json::Value& root, std::size_t from, const Harvest& harvest) {
    Passages& passages = harvest.passages;
    Given given(passages.get_allocator().resource());
    for (std::size_t i = from; i < passages.size(); ++i) {
        given.add(passages[i].value);
        given.add(passages[i].tool);
    }
    given.sort();
    const auto found = static_cast<std::ptrdiff_t>(passages.size());
    harvest.add_strings(root);
    passages.erase(std::remove_if(passages.begin() + found, passages.end(),
                                  [&](const Passage& it) { return given.has(it.value); }),
                   passages.end());
}

std::string_view model_in_path(std::string_view path, std::string_view marker, char end) noexcept {
    const std::size_t at = path.rfind(marker);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = path.substr(at + marker.size());
    const std::size_t stop = rest.rfind(end);
    return stop == std::string_view::npos ? std::string_view() : rest.substr(0, stop);
}

std::string_view action_of(std::string_view path, char before) noexcept {
    const std::string_view segment = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    const std::size_t at = segment.rfind(before);
    return before == '/' ? segment : at == std::string_view::npos ? std::string_view() : segment.substr(at + 1);
}

std::uint64_t token_count(const json::Value& value) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.as_int().value_or(0)));
}

}  // namespace gw::provider
