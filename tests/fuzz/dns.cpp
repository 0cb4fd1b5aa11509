// A datagram is read within its bytes and within the limits; one that is cut gives what came before the cut, and then
// nothing or an error; what was read, written again, is read as the same.
#include "dns/dns.h"
#include "support/fuzz.h"

namespace {

namespace dns = gw::dns;

struct Owned {
    dns::Section section;
    std::string name, data;
    std::uint16_t type, klass;
    bool flag;
    std::uint32_t ttl;
    bool operator==(const Owned&) const = default;
};

struct Message {
    std::vector<Owned> entries;
    bool whole = false;
};

Message read(std::string_view bytes) {
    const std::vector<char> own(bytes.begin(), bytes.end());
    dns::Reader reader({own.data(), own.size()});
    Message out;
    for (;;) {
        const auto next = reader.next();
        if (!next) {
            gw::fuzz::check(!reader.next(), "an error stays");
            return out;
        }
        if (!*next) break;
        const dns::Entry& entry = **next;
        gw::fuzz::check(!entry.name.empty() && entry.name.size() <= dns::name_bytes_max, "a name keeps the limit");
        gw::fuzz::check(entry.name.back() == '\0', "a name ends with the root");
        out.entries.push_back({entry.section, std::string(entry.name), std::string(entry.data), entry.type, entry.klass,
                               entry.flag, entry.ttl});
        gw::fuzz::check(out.entries.size() <= dns::entry_count_max, "the number of entries keeps the limit");
    }
    out.whole = true;
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    const Message message = read(input.whole);
    std::size_t end = 0;
    for (const std::string_view piece : input.pieces) {
        end += piece.size();
        const Message part = read(input.whole.substr(0, end));
        gw::fuzz::check(part.entries.size() <= message.entries.size(), "a cut message has no more");
        for (std::size_t i = 0; i < part.entries.size(); ++i)
            gw::fuzz::check(part.entries[i] == message.entries[i], "what came before the cut is the same");
    }
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer out(pool.get());
    dns::Writer writer(out, {});
    bool all = true;
    for (const Owned& one : message.entries)
        all = writer.add({one.section, one.name, one.type, one.klass, one.flag, one.ttl, one.data}) && all;
    gw::fuzz::check(out.size() <= dns::message_bytes_max, "what is written keeps the limit");
    if (all) gw::fuzz::check(read(out.text()).entries == message.entries, "decode(encode(x)) == x");
    return 0;
}
