#include "session/transcript.h"

#include <algorithm>
#include <charconv>

#include "core/calendar.h"
#include "crypto/hex.h"

namespace gw::session {

namespace {

constexpr std::size_t first_piece_bytes = 64U << 10U;
constexpr std::size_t piece_bytes_usual_max = 1U << 20U;
constexpr int transcript_version = 3;

// Reads lines one at a time, into the same memory again and again.
class LineReader {
public:
    LineReader(const ReadLimits& limits, std::pmr::memory_resource* memory)
        : limits_(limits), document_(memory), head_(memory) {}

    // False when the line is no entry.
    bool read(std::string_view line, TranscriptEntry& out) {
        out = {};
        out.size = line.size();
        json::Value root;
        if (line.size() <= limits_.parse_bytes_max) {
            if (!document_.parse(line)) return false;
            root = out.object = document_.root();
        } else if (!read_head(line, out.role)) {
            return false;
        } else {
            root = document_.root();
        }
        if (!root.is(json::Kind::object)) return false;
        out.type = root["type"].as_string().value_or("");
        out.id = root["id"].as_string().value_or("");
        out.parent_id = root["parentId"].as_string().value_or("");
        if (const auto text = root["timestamp"].as_string()) out.time_ms = parse_timestamp(*text).value_or(0);
        if (const json::Value message = root["message"]; message.is(json::Kind::object)) {
            // Files of the first version hold messages without a word about it.
            if (out.type.empty()) out.type = "message";
            out.role = message["role"].as_string().value_or("");
            if (const auto ms = message["timestamp"].as_int(); ms && *ms > 0 && out.time_ms == 0) {
                out.time_ms = static_cast<std::uint64_t>(*ms);
            }
        }
        return !out.type.empty();
    }

private:
    // A line with images may be very long. What it is stands in front of its message.
    bool read_head(std::string_view line, std::string_view& role) {
        constexpr std::string_view key = ",\"message\":{";
        constexpr std::string_view role_key = "\"role\":\"";
        const std::size_t at = line.substr(0, 1024).find(key);
        if (at == std::string_view::npos) return false;
        head_.assign(line.substr(0, at)) += '}';
        std::string_view inside = line.substr(at + key.size(), 64);
        if (inside.starts_with(role_key)) {
            inside.remove_prefix(role_key.size());
            role = inside.substr(0, std::min(inside.find('"'), inside.size()));
        }
        return static_cast<bool>(document_.parse(head_));
    }

    ReadLimits limits_;
    json::Document document_;
    std::pmr::string head_;
};

// Takes the last line, without its line feed, off whole lines.
std::string_view take_last_line(std::string_view& lines) noexcept {
    lines.remove_suffix(1);
    const std::size_t feed = lines.rfind('\n');
    const std::string_view line = feed == std::string_view::npos ? lines : lines.substr(feed + 1);
    lines.remove_suffix(line.size());
    return line;
}

std::string_view take_first_line(std::string_view& lines) noexcept {
    const std::size_t feed = lines.find('\n');
    const std::string_view line = lines.substr(0, feed);
    lines.remove_prefix(feed + 1);
    return line;
}

// What one piece may be, after a record did not fit.
bool grow(std::size_t& piece, std::size_t max) noexcept {
    if (piece >= max) return false;
    piece = std::min(piece * 4, max);
    return true;
}

bool is_header(const TranscriptEntry& entry) noexcept { return entry.type == "session"; }

}  // namespace

std::pmr::string transcript_log(std::string_view agent, std::string_view name, std::pmr::memory_resource* memory) {
    std::pmr::string log(memory);
    log.append("agents/").append(agent).append("/sessions/").append(name);
    return log;
}

Transcripts::Transcripts(store::Store& store, const crypto::Random& random, BlockPool* pool,
                         std::pmr::memory_resource* memory)
    : store_(store), random_(random), pool_(pool), leaves_(memory) {}

Result<bool> Transcripts::read_back(std::string_view log, const EntryVisitor& visit, const ReadLimits& limits) {
    std::pmr::memory_resource* memory = leaves_.get_allocator().resource();
    Buffer piece(pool_);
    LineReader reader(limits, memory);
    TranscriptEntry entry;
    std::pmr::string wanted(memory);  // the id of the next entry on the path
    bool any = true;                  // no entry had an id yet: every line is on the path
    std::uint64_t end = store::Store::log_end;
    std::size_t read = 0;
    const std::size_t piece_max = std::min(limits.all_bytes_max, store_.limits().value_bytes_max);
    for (std::size_t piece_bytes = std::min(first_piece_bytes, piece_max);;) {
        const auto begin = store_.read_back(log, end, piece_bytes, piece);
        if (!begin) {
            if (begin.error().status != GW_ERR_LIMIT) return begin.error();
            if (!grow(piece_bytes, piece_max)) return false;
            continue;
        }
        if (piece.empty()) return true;
        for (std::string_view lines = piece.text(); !lines.empty();) {
            const std::string_view line = take_last_line(lines);
            if (!reader.read(line, entry) || is_header(entry)) continue;
            if (!any && wanted.empty()) {
                // A root. Only lines from before there were ids go on in front of one.
                if (!entry.id.empty()) return true;
                any = true;
            }
            if (!any && entry.id != wanted) continue;
            if (!entry.id.empty()) {
                any = false;
                wanted = entry.parent_id.substr(0, id_bytes_max);
            }
            if (visit(entry) == Visit::enough) return false;
        }
        read += piece.size();
        end = *begin;
        if (end == 0) return true;
        if (read >= limits.all_bytes_max) return false;
        piece_bytes = std::min({piece_bytes * 2, piece_bytes_usual_max, piece_max});
    }
}

Result<std::uint64_t> Transcripts::read(std::string_view log, std::uint64_t offset, const EntryVisitor& visit,
                                        const ReadLimits& limits) {
    Buffer piece(pool_);
    LineReader reader(limits, leaves_.get_allocator().resource());
    TranscriptEntry entry;
    std::size_t read = 0;
    const std::size_t piece_max = store_.limits().value_bytes_max;
    for (std::size_t piece_bytes = std::min(first_piece_bytes, piece_max);;) {
        const auto next = store_.read(log, offset, piece_bytes, piece);
        if (!next) {
            if (next.error().status == GW_ERR_LIMIT && grow(piece_bytes, piece_max)) continue;
            return next.error();
        }
        if (piece.empty()) return offset;
        std::string_view lines = piece.text();
        while (!lines.empty()) {
            const std::string_view line = take_first_line(lines);
            offset += line.size() + 1;
            if (!reader.read(line, entry) || is_header(entry)) continue;
            if (visit(entry) == Visit::enough) return offset;
        }
        read += piece.size();
        if (read >= limits.all_bytes_max) return offset;
        piece_bytes = std::min({piece_bytes * 2, piece_bytes_usual_max, piece_max});
    }
}

void Transcripts::forget(std::string_view log) noexcept {
    const auto found = std::find_if(leaves_.begin(), leaves_.end(), [&](const Leaf& l) { return l.log == log; });
    if (found == leaves_.end()) return;
    if (found != leaves_.end() - 1) std::swap(*found, leaves_.back());
    leaves_.pop_back();
}

// The leaf of a place, whose log has its header then.
Result<Transcripts::Leaf*> Transcripts::leaf_of(const Place& place, std::uint64_t now_ms) {
    const auto known = std::find_if(leaves_.begin(), leaves_.end(), [&](const Leaf& l) { return l.log == place.log; });
    if (known != leaves_.end()) {
        known->used = ++uses_;
        return &*known;
    }
    std::pmr::memory_resource* memory = leaves_.get_allocator().resource();
    Leaf made{std::pmr::string(place.log, memory), std::pmr::string(memory), ++uses_};
    const auto size = store_.size(place.log);
    if (!size) return size.error();
    const auto found = read_back(place.log, [&](const TranscriptEntry& entry) {
        if (entry.id.empty() || entry.id.size() > id_bytes_max) return Visit::more;
        made.id = entry.id;
        return Visit::enough;
    });
    if (!found) return found.error();
    if (size->value_or(0) == 0) {
        Buffer header(pool_);
        json::Writer(header)
            .begin_object()
            .member("type", "session")
            .member("version", transcript_version)
            .member("id", place.session_id)
            .member("timestamp", format_timestamp(now_ms).view())
            .member("cwd", place.cwd)
            .end_object();
        // Durable: the file itself must be there after a crash for what follows to be.
        const auto done = store_.append(place.log, header.text(), store::Durability::durable);
        if (!done) return done.error();
    }
    if (leaves_.size() >= leaf_count_max) {
        auto& oldest = *std::min_element(leaves_.begin(), leaves_.end(),
                                         [](const Leaf& a, const Leaf& b) { return a.used < b.used; });
        oldest = std::move(made);
        return &oldest;
    }
    return &leaves_.emplace_back(std::move(made));
}

Result<EntryId> Transcripts::append(const Place& place, std::string_view type, std::string_view members,
                                    std::uint64_t now_ms, store::Durability durability) {
    std::array<std::byte, sizeof(EntryId) / 2> bytes{};
    if (!random_.fill(bytes)) return Error{GW_ERR_RANDOM, 0, "the random source failed"};
    const EntryId id = crypto::hex(bytes);
    const std::string_view id_text(id.data(), id.size());
    const auto leaf = leaf_of(place, now_ms);
    if (!leaf) return leaf.error();
    Buffer line(pool_);
    json::Writer w(line);
    w.begin_object().member("type", type).member("id", id_text).key("parentId");
    (*leaf)->id.empty() ? w.null() : w.string((*leaf)->id);
    w.member("timestamp", format_timestamp(now_ms).view());
    w.end_object();
    if (!members.empty()) {
        line.truncate(line.size() - 1);
        line.append(',');
        line.append(members);
        line.append('}');
    }
    (*leaf)->id.reserve(id.size());  // so that nothing fails once the line is written
    const auto done = store_.append(place.log, line.text(), durability);
    if (!done) return done.error();
    (*leaf)->id = id_text;
    return id;
}

Result<EntryId> Transcripts::append_message(const Place& place, std::string_view message, std::uint64_t now_ms,
                                            store::Durability durability) {
    std::pmr::string members(leaves_.get_allocator().resource());
    members.reserve(message.size() + 16);
    members.append("\"message\":").append(message);
    return append(place, "message", members, now_ms, durability);
}

Result<std::pmr::string> Transcripts::archive_key(std::string_view log, std::string_view reason, std::uint64_t now_ms) {
    std::pmr::string key(log, leaves_.get_allocator().resource());
    Timestamp time = format_timestamp(now_ms);
    std::replace(std::begin(time.text), std::end(time.text), ':', '-');
    key.append(".").append(reason).append(".").append(time.view());
    // Two of one millisecond must not replace each other.
    const std::size_t size = key.size();
    for (int n = 1; n < 100; ++n) {
        const auto taken = store_.size(key);
        if (!taken) return taken.error();
        if (!*taken) return key;
        char digits[4];
        const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
        key.resize(size);
        key.append("-").append(digits, static_cast<std::size_t>(end - digits));
    }
    return Error{GW_ERR_STATE, 0, "there are too many archives of this moment"};
}

Result<std::optional<std::pmr::string>> Transcripts::archive(std::string_view log, std::string_view reason,
                                                             std::uint64_t now_ms) {
    auto key = archive_key(log, reason, now_ms);
    if (!key) return key.error();
    forget(log);
    Buffer scratch(pool_);
    const auto moved = store_.move(log, *key, scratch);
    if (!moved) return moved.error();
    if (!*moved) return std::optional<std::pmr::string>{};
    return std::optional<std::pmr::string>{std::move(*key)};
}

Result<std::optional<Transcripts::Compacted>> Transcripts::compact(std::string_view log, std::size_t lines,
                                                                   std::uint64_t now_ms) {
    std::pmr::memory_resource* memory = leaves_.get_allocator().resource();
    Buffer whole(pool_);
    const auto found = store_.get(log, whole);
    if (!found) return found.error();
    if (!*found) return std::optional<Compacted>{};
    Compacted out{false, 0, std::pmr::string(memory)};
    std::string_view text = whole.text();
    text = text.substr(0, text.rfind('\n') + 1);  // a torn last line is none
    std::string_view header;
    {
        LineReader reader({}, memory);
        TranscriptEntry entry;
        std::string_view rest = text;
        if (!rest.empty()) {
            const std::string_view first = take_first_line(rest);
            if (reader.read(first, entry) && is_header(entry)) {
                header = text.substr(0, first.size() + 1);
                text = rest;
            }
        }
    }
    std::string_view before = text;
    for (; out.kept < lines && !before.empty(); ++out.kept) take_last_line(before);
    if (before.empty()) return std::optional<Compacted>{std::move(out)};
    auto key = archive_key(log, "bak", now_ms);
    if (!key) return key.error();
    if (const auto done = store_.put(*key, whole.text()); !done) return done.error();
    Buffer kept(pool_);
    kept.append(header);
    kept.append(text.substr(before.size()));
    forget(log);
    if (const auto done = store_.put(log, kept.text()); !done) return done.error();
    out.compacted = true;
    out.archived = std::move(*key);
    return std::optional<Compacted>{std::move(out)};
}

}  // namespace gw::session
