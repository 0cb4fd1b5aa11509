#include "method/approval_history.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.h"
#include "method/gate.h"

namespace gw::method {

namespace {

constexpr std::string_view history_key = "approvals/history.jsonl";
constexpr std::size_t history_read_bytes = 1U << 20U;

// The kind is beside the record in the store, and nowhere in it.
void append_line(Buffer& out, std::string_view kind, std::string_view record) {
    json::Writer(out).begin_object().member("kind", kind).key("approval").raw(record).end_object();
}

}  // namespace

ApprovalHistory::ApprovalHistory(Gate& gate) : gate_(gate), records_(gate.memory()) {}

void ApprovalHistory::load() {
    Buffer text(gate_.pool());
    json::Document document(gate_.memory());
    std::uint64_t offset = 0;
    for (;;) {
        const auto next = gate_.store().read(history_key, offset, history_read_bytes, text);
        if (!next) {
            gate_.log().error({history_key, " cannot be read: ", next.error().what});
            return;
        }
        std::string_view rest = text.text();
        if (rest.empty()) return;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            ++lines_;
            if (!document.parse(line)) continue;
            const json::Value record = document.root()["approval"];
            const auto id = record["id"].as_string();
            if (id) keep(*id, document.root()["kind"].as_string().value_or("exec"), record.raw());
        }
        offset = *next;
    }
}

void ApprovalHistory::keep(std::string_view id, std::string_view kind, std::string_view record) {
    Record& made = records_.emplace_back(gate_.memory());
    made.id = id;
    made.kind = kind;
    made.json = record;
    if (records_.size() <= records_max) return;
    records_.pop_front();
    ++first_;
}

void ApprovalHistory::add(std::string_view id, std::string_view kind, std::string_view record) {
    keep(id, kind, record);
    if (lines_ >= 2 * records_max) return rewrite();
    Buffer line(gate_.pool());
    append_line(line, kind, record);
    ++lines_;
    if (const auto done = gate_.store().append(history_key, line.text(), store::Durability::buffered); !done)
        gate_.log().error({history_key, " cannot be written: ", done.error().what});
}

void ApprovalHistory::rewrite() {
    Buffer all(gate_.pool());
    for (const Record& record : records_) {
        append_line(all, record.kind, record.json);
        all.append('\n');
    }
    lines_ = records_.size();
    if (const auto done = gate_.store().put(history_key, all.text()); !done)
        gate_.log().error({history_key, " cannot be written: ", done.error().what});
}

std::string_view ApprovalHistory::find(std::string_view id) const noexcept {
    const auto found =
        std::find_if(records_.rbegin(), records_.rend(), [id](const Record& record) { return record.id == id; });
    return found != records_.rend() ? std::string_view(found->json) : std::string_view{};
}

bool ApprovalHistory::write(json::Writer& writer, std::string_view cursor, std::size_t count_max,
                            std::string_view kind) const {
    // A cursor is the number of the record before which to go on.
    std::uint64_t before = first_ + records_.size();
    if (!cursor.empty()) {
        const auto number = parse_decimal(cursor);
        if (!number) return false;
        before = std::min(before, *number);
    }
    writer.begin_object().key("items").begin_array();
    std::size_t count = 0;
    while (before > first_ && count < count_max) {
        const Record& record = records_[static_cast<std::size_t>(--before - first_)];
        if (!kind.empty() && record.kind != kind) continue;
        writer.raw(record.json);
        ++count;
    }
    writer.end_array();
    if (before > first_ && count == count_max) {
        std::array<char, 24> digits{};
        const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), before).ptr;
        writer.member("nextCursor", std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
    }
    writer.end_object();
    return true;
}

}  // namespace gw::method
