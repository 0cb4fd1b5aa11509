// DNS messages: what is read, what is refused, and what is written.
#include "dns/dns.h"

#include <algorithm>

#include "support/test.h"

namespace gw::test {

namespace {

using dns::Entry;
using dns::Section;
namespace type = dns::type;

// With the NUL at the end of a literal, which is the root.
template <std::size_t size>
std::string bytes(const char (&text)[size]) {
    return std::string(text, size - 1);
}
template <std::size_t size>
std::string name(const char (&text)[size]) {
    return std::string(text, size);
}
std::string head(unsigned questions, unsigned answers = 0, unsigned authority = 0, unsigned additional = 0) {
    std::string out = bytes("\x12\x34\x84\x00");
    for (const unsigned count : {questions, answers, authority, additional}) {
        out += static_cast<char>(count >> 8U);
        out += static_cast<char>(count & 255U);
    }
    return out;
}

// One line for each entry; the error in the last.
std::vector<std::string> read(std::string_view message) {
    const std::vector<char> own(message.begin(), message.end());
    dns::Reader reader({own.data(), own.size()});
    std::vector<std::string> out;
    for (;;) {
        const auto next = reader.next();
        if (!next) {
            out.push_back("error " + std::to_string(next.error().status));
            return out;
        }
        if (!*next) return out;
        const Entry& entry = **next;
        std::string line = std::to_string(static_cast<int>(entry.section)) + " ";
        for (std::size_t at = 0; entry.name[at] != '\0'; at += static_cast<unsigned char>(entry.name[at]) + 1U)
            line += std::string(entry.name.substr(at + 1, static_cast<unsigned char>(entry.name[at]))) + ".";
        line += " " + std::to_string(entry.type) + " " + std::to_string(entry.klass) + (entry.flag ? "!" : "");
        if (entry.section != Section::question) {
            line += " " + std::to_string(entry.ttl) + " ";
            for (const char c : entry.data) line += c >= ' ' && c < 127 ? c : '.';
        }
        out.push_back(line);
    }
}
const std::string cut = "error " + std::to_string(GW_ERR_PROTOCOL);
const std::string too_much = "error " + std::to_string(GW_ERR_LIMIT);

}  // namespace

TEST_CASE("dns: what is read") {
    const std::string box = bytes("\3box\5local\0");
    const std::string ptr_head = bytes("\0\x0c\0\1\0\0\x11\x94");
    struct Case {
        std::string_view name;
        std::string message;
        std::vector<std::string> want;
    };
    const Case cases[] = {
        {"nothing", head(0), {}},
        {"bytes behind the end are nobody's", head(0) + "more", {}},
        {"a question", head(1) + box + bytes("\0\1\0\1"), {"0 box.local. 1 1"}},
        {"answer me alone", head(1) + box + bytes("\0\xff\x80\1"), {"0 box.local. 255 1!"}},
        {"the root", head(1) + bytes("\0\0\1\0\1"), {"0  1 1"}},
        {"case is kept", head(1) + bytes("\3BoX\0\0\1\0\1"), {"0 BoX. 1 1"}},
        {"an address that replaces what was known",
         head(0, 1) + box + bytes("\0\1\x80\1\0\0\0\x78\0\4\x41\x42\x43\x44"),
         {"1 box.local. 1 1! 120 ABCD"}},
        {"a name that points back, in its middle",
         head(2) + box + bytes("\0\1\0\1") + bytes("\2ab\xc0\x10\0\1\0\1"),
         {"0 box.local. 1 1", "0 ab.local. 1 1"}},
        {"a pointer at a pointer",
         head(3) + box + bytes("\0\1\0\1\xc0\x0c\0\1\0\1\xc0\x1b\0\1\0\1"),
         {"0 box.local. 1 1", "0 box.local. 1 1", "0 box.local. 1 1"}},
        {"the data of a pointer record is a name",
         head(0, 1) + box + ptr_head + bytes("\0\5\2ab\xc0\x10"),
         {"1 box.local. 12 1 4500 .ab.local."}},
        {"that of a service, too",
         head(0, 1) + box + bytes("\0\x21\0\1\0\0\0\x78\0\x08\0\0\0\0\x49\x65\xc0\x0c"),
         {"1 box.local. 33 1 120 ....Ie.box.local."}},
        {"every section",
         head(1, 1, 1, 1) + box + bytes("\0\1\0\1") + box + bytes("\0\x10\0\1\0\0\0\0\0\1\0") + box +
             bytes("\0\x10\0\1\0\0\0\0\0\0") + box + bytes("\0\x2f\0\1\xff\xff\xff\xff\0\1x"),
         {"0 box.local. 1 1", "1 box.local. 16 1 0 .", "2 box.local. 16 1 0 ", "3 box.local. 47 1 4294967295 x"}},
        {"no head", "abc", {cut}},
        {"a pointer at itself", head(1) + bytes("\xc0\x0c\0\1\0\1"), {cut}},
        {"a pointer ahead", head(1) + bytes("\xc0\x12\0\1\0\1\0"), {cut}},
        {"a pointer into the head", head(1) + bytes("\xc0\x04\0\1\0\1"), {cut}},
        {"two that point at each other", head(2) + bytes("\1a\xc0\x0c\0\1\0\1\xc0\x0e\0\1\0\1"), {cut}},
        {"a label of another kind", head(1) + bytes("\x41") + std::string(100, 'a'), {cut}},
        {"data longer than the message", head(0, 1) + box + bytes("\0\1\0\1\0\0\0\x78\0\5ABCD"), {cut}},
        {"data shorter than its name", head(0, 1) + box + ptr_head + bytes("\0\4\2ab\xc0\x10"), {cut}},
        {"data longer than its name", head(0, 1) + box + ptr_head + bytes("\0\6\2ab\xc0\x10!"), {cut}},
        {"a service without a target", head(0, 1) + box + bytes("\0\x21\0\1\0\0\0\x78\0\5\0\0\0\0\x49"), {cut}},
        {"more questions than the head says", head(1), {cut}},
        {"too long", head(0) + std::string(dns::message_bytes_max, '\0'), {too_much}},
    };
    for (const Case& one : cases) {
        INFO(one.name);
        CHECK(read(one.message) == one.want);
        // Cut anywhere it ends with an error, behind what was whole.
        if (one.want.empty() || one.want.back().starts_with("error")) continue;
        for (std::size_t size = 0; size < one.message.size(); ++size) {
            INFO("cut at " << size);
            auto part = read(std::string_view(one.message).substr(0, size));
            REQUIRE(!part.empty());
            CHECK(part.back() == cut);
            part.pop_back();
            REQUIRE(part.size() < one.want.size());
            CHECK(std::equal(part.begin(), part.end(), one.want.begin()));
        }
    }
}

TEST_CASE("dns: limits of names and of messages") {
    const std::string label = '\x3f' + std::string(63, 'a');
    const std::string longest = label + label + label + '\x3d' + std::string(61, 'a') + '\0';
    REQUIRE(longest.size() == dns::name_bytes_max);
    const std::string tail = bytes("\0\1\0\1");
    CHECK(read(head(1) + longest + tail).size() == 1);
    CHECK(read(head(1) + longest + tail)[0] != cut);
    CHECK(read(head(1) + label + label + label + '\x3e' + std::string(62, 'a') + '\0' + tail).back() == cut);
    // By pointers, too: a name that points at the longest one.
    CHECK(read(head(2) + longest + tail + bytes("\1b\xc0\x0c") + tail).back() == cut);
    // Every question points at the one before it.
    std::string chain = head(300) + bytes("\1a\0") + tail;
    std::size_t before = 12;
    for (int i = 1; i < 300; ++i) {
        const std::size_t here = chain.size();
        chain += static_cast<char>(0xC0U | before >> 8U);
        chain += static_cast<char>(before & 255U);
        chain += tail;
        before = here;
    }
    CHECK(read(chain).size() == 300);
    CHECK(read(chain).back() == "0 a. 1 1");
    std::string many = head(dns::entry_count_max + 1);
    for (std::size_t i = 0; i <= dns::entry_count_max; ++i) many += '\0' + tail;
    const auto some = read(many);
    CHECK(some.size() == dns::entry_count_max + 1);
    CHECK(some.back() == too_much);
}

TEST_CASE("dns: what is written") {
    const std::string service = name("\x0c_openclaw-gw\4_tcp\5local"),
                      instance = name("\3box\x0c_openclaw-gw\4_tcp\5local"), host = name("\x08openclaw\5local");
    const std::string target = bytes("\0\0\0\0\x49\x65") + host;
    PooledBuffer out;
    dns::Writer writer(out.buffer, {7, true, 0, 0});
    CHECK(writer.add({Section::question, service, type::ptr, dns::class_internet, false, 0, {}}));
    CHECK(writer.add({Section::answer, service, type::ptr, dns::class_internet, false, 4500, instance}));
    CHECK(writer.add({Section::answer, instance, type::srv, dns::class_internet, true, 120, target}));
    const std::size_t size = out.buffer.size();
    CHECK_FALSE(
        writer.add({Section::additional, instance, type::txt, dns::class_internet, true, 4500, target}, size + 20));
    CHECK(out.buffer.size() == size);
    CHECK(writer.add({Section::additional, host, type::a, dns::class_internet, true, 120, "ABCD"}));
    const std::string want = bytes("\0\7\x84\0\0\1\0\2\0\0\0\1") + service + bytes("\0\x0c\0\1") +
                             bytes("\xc0\x0c\0\x0c\0\1\0\0\x11\x94\0\6\3box\xc0\x0c") +
                             bytes("\xc0\x35\0\x21\x80\1\0\0\0\x78\0\x16") + target +
                             bytes("\x08openclaw\xc0\x1e\0\1\x80\1\0\0\0\x78\0\4ABCD");
    CHECK(out.buffer.text() == want);
    CHECK(read(out.buffer.text()) ==
          std::vector<std::string>{
              "0 _openclaw-gw._tcp.local. 12 1", "1 _openclaw-gw._tcp.local. 12 1 4500 .box._openclaw-gw._tcp.local.",
              "1 box._openclaw-gw._tcp.local. 33 1! 120 ....Ie.openclaw.local.", "3 openclaw.local. 1 1! 120 ABCD"});

    // A label that is like the one behind it, and many entries of a section.
    PooledBuffer twice;
    dns::Writer again(twice.buffer, {});
    for (int i = 0; i < 300; ++i)
        REQUIRE(again.add({Section::question, name("\1a\1a\1a\5local"), type::any, dns::class_internet, false, 0, {}}));
    const auto read_back = read(twice.buffer.text());
    CHECK(read_back.size() == 300);
    CHECK(read_back.back() == "0 a.a.a.local. 255 1");
}

TEST_CASE("dns: names are the same but for the case of letters") {
    CHECK(dns::same_name(name("\3BOX\5local"), name("\3box\5LOCAL")));
    CHECK_FALSE(dns::same_name(name("\3box\5local"), name("\3box\5loca1")));
    CHECK_FALSE(dns::same_name(name("\3box\5local"), name("\3box")));
}

}  // namespace gw::test
