#include "exchange/announcer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::string_view group = "224.0.0.251";
constexpr std::uint32_t mdns_port = 5353;

constexpr Milliseconds probe_ms = 250;      // RFC 6762 8.1
constexpr Milliseconds announce_ms = 1000;  // RFC 6762 8.3
constexpr Milliseconds again_ms = 60000;
constexpr Milliseconds retell_ms = 1000, urgent_ms = 250;  // RFC 6762 6
constexpr Milliseconds farewell_ms = 250;                  // until the host has sent the goodbye
constexpr unsigned probes = 3, number_max = 100, alone_max = 20;
constexpr std::uint32_t legacy_ttl_s = 10;      // RFC 6762 6.7
constexpr std::size_t packet_bytes_max = 1440;  // of what nobody asked for; the rest may be cut in two on its way

std::string_view first_label(std::string_view name) noexcept {
    return name.substr(1, static_cast<unsigned char>(name[0]));
}

// The address that the configuration lets the gateway listen on; nothing: this machine's alone.
std::optional<IpAddress> listening_address(const config::Config& config) noexcept {
    switch (config.bind) {
    case config::Bind::loopback:
    case config::Bind::automatic: break;
    case config::Bind::lan: return read_ip("0.0.0.0");
    case config::Bind::tailnet:
    case config::Bind::custom: {
        const auto address = read_ip(config.custom_bind_host);
        if (address && !address->is_loopback()) return address;
    }
    }
    return std::nullopt;
}

bool is_every_v4(const IpAddress& address) noexcept { return address == read_ip("0.0.0.0"); }

// Whether the peer may be answered alone: who is further away than the local network could have us flood somebody else.
bool is_near(std::string_view text) noexcept {
    const auto address = read_ip(text);
    return address && (address->is_private() || address->is_loopback());
}

}  // namespace

Announcer::Announcer(Gateway& gateway, std::uint32_t port)
    : gateway_(gateway),
      port_(port),
      ask_(gateway, *this),
      step_timer_(
          gateway.timers(), [](void* self) { static_cast<Announcer*>(self)->on_step(); }, this),
      answer_timer_(
          gateway.timers(), [](void* self) { static_cast<Announcer*>(self)->answer_all(); }, this),
      question_(gateway.memory()),
      records_(gateway.memory()) {
    const auto address = listening_address(gateway.config());
    if (address && !is_every_v4(*address)) address_ = address;
}

bool Announcer::is_wanted(const Gateway& gateway) noexcept {
    constexpr std::uint32_t needed = GW_SERVICE_LISTEN | GW_SERVICE_DATAGRAM;
    if (gateway.config().discovery.mode == config::MdnsMode::off || (gateway.services() & needed) != needed)
        return false;
    const auto address = listening_address(gateway.config());
    return address && *address != IpAddress{};  // "::" has no IPv4, which is what we learn our address by
}

// --- step by step --------------------------------------------------------------------------------------------------

void Announcer::next(Step step, Milliseconds delay) noexcept {
    step_ = step;
    step_timer_.arm(gateway_.now() + delay);
}

void Announcer::start() { open(); }

// What comes next is arranged before anything is done: what fails for want of memory was a datagram that got lost.
void Announcer::on_step() try {
    switch (step_) {
    case Step::open: return open();
    case Step::probe: next(++probe_count_ < probes ? Step::probe : Step::announce, probe_ms); return ask_around();
    case Step::announce:
        if (!address_) return wait({"it does not hear what it says to ", group, ", so it has no address there"});
        next(Step::repeat, announce_ms);
        return announce();
    case Step::repeat: next(Step::look, again_ms); return announce();
    case Step::look: next(Step::see, probe_ms); return ask_around();
    case Step::see:  // a network that has gone, or was not there yet, needs another socket
        if (!heard_myself_) return open();
        next(Step::look, again_ms);
        return announce();
    case Step::change: return change();
    case Step::gone: return ask_.take_back();
    }
} catch (const std::bad_alloc&) {
}

void Announcer::open() {
    next(Step::open, again_ms);
    fall_silent();
    is_open_ = false;
    records_ = describe();
    Question question;
    question.type = GW_EVENT_DATAGRAM;
    question.host = "0.0.0.0";
    question.port = mdns_port;
    question.data = group;
    if (const gw_status status = ask_.put(question); status != GW_OK) wait({gw_strerror(status)});
}

void Announcer::on_answer(Ask& /*ask*/, const gw_answer& answer) try {
    if (step_ == Step::gone) return;
    if (answer.status != GW_OK) {
        wait({"no socket for ", group, ": ", as_text(answer.reason)});
    } else if (is_open_) {
        hear(answer);
    } else {
        is_open_ = true;
        step_ = Step::probe;
        on_step();
    }
} catch (const std::bad_alloc&) {  // a datagram that got lost
}

// Tries again in a minute; says why once.
void Announcer::wait(std::initializer_list<std::string_view> why) {
    next(Step::open, again_ms);
    fall_silent();
    is_open_ = false;
    ask_.take_back();
    if (std::exchange(warned_, true)) return;
    std::pmr::string text(gateway_.memory());
    for (const std::string_view part : why) text += part;
    gateway_.log().warn({"the gateway is not announced on the local network: ", text});
}

void Announcer::fall_silent() noexcept {
    is_announced_ = false;
    due_ = 0;
    probe_count_ = 0;
}

void Announcer::probe_again() noexcept {
    fall_silent();
    next(Step::probe, probe_ms);
}

// Asks for all that anybody has to say of our names. The id makes it ours among questions that are alike.
void Announcer::ask_around() {
    std::byte id[2]{};
    if (!gateway_.random().fill(id)) return;
    Buffer out(gateway_.pool());
    dns::Writer writer(out, {static_cast<std::uint16_t>(std::to_integer<unsigned>(id[0]) << 8U |
                                                        std::to_integer<unsigned>(id[1]) | 1U)});
    std::string_view before;
    for (const Record& record : records_) {
        if (record.is_unique && record.owner != before) writer.add({dns::Section::question, record.owner});
        before = record.owner;
    }
    for (const Record& record : records_) {  // what we would say: RFC 6762 8.2, by which others know what this is
        if (record.is_unique && record.type != dns::type::nsec)
            writer.add({dns::Section::authority, record.owner, record.type, dns::class_internet, false, record.ttl,
                        record.data});
    }
    question_ = out.text();
    heard_myself_ = false;
    ask_.send(group, mdns_port, question_);
}

void Announcer::announce() {
    if (!std::exchange(is_announced_, true)) {
        gateway_.log().info({"announced on the local network: \"", first_label(records_.back().owner), "\", ",
                             first_label(records_.front().owner), ".local, ", IpText(*address_).view()});
    }
    due_ = (Mask{1} << records_.size()) - 1;
    answer_all();
}

void Announcer::config_changed() noexcept {
    if (is_open_ && step_ != Step::gone) next(Step::change, 0);
}

void Announcer::change() {
    next(Step::look, again_ms);
    Records before = describe();
    records_.swap(before);
    const auto same = [](const Record& a, const Record& b) { return a.owner == b.owner && a.data == b.data; };
    if (!is_announced_) return probe_again();
    if (std::equal(before.begin(), before.end(), records_.begin(), records_.end(), same)) return records_.swap(before);
    if (before.back().owner == records_.back().owner) return next(Step::announce, 0);
    records_.swap(before);
    leave();
    records_.swap(before);
    probe_again();
}

void Announcer::leave() noexcept try {
    answer_timer_.disarm();
    next(Step::gone, farewell_ms);
    if (!std::exchange(is_announced_, false)) return ask_.take_back();
    Buffer out(gateway_.pool());
    dns::Writer writer(out, {0, true, 0, 0});
    for (const Record& record : records_) {
        if (record.ends)
            writer.add({dns::Section::answer, record.owner, record.type, dns::class_internet, record.is_unique, 0,
                        record.data});
    }
    ask_.send(group, mdns_port, out.text());
} catch (const std::bad_alloc&) {
}

// --- what others say -----------------------------------------------------------------------------------------------

void Announcer::hear(const gw_answer& datagram) {
    const std::string_view message = as_text(datagram.data);
    if (!question_.empty() && message == question_) return hear_myself(as_text(datagram.address));
    dns::Reader reader(message);
    if (reader.head().opcode != 0 || reader.head().code != 0) return;  // RFC 6762 18.3, 18.11
    if (!reader.head().is_response) {
        if (is_announced_) hear_query(reader, datagram);
    } else if (datagram.port == mdns_port) {  // RFC 6762 6: from anywhere else it is no answer
        hear_answer(reader);
    }
}

void Announcer::hear_myself(std::string_view address) {
    if (std::exchange(heard_myself_, true)) return;  // a repeater's copy may follow, from an address that is not ours
    const auto listening = listening_address(gateway_.config());
    const auto heard = read_ip(address);
    if (!listening || !is_every_v4(*listening) || !heard || heard->is_loopback() || heard == address_) return;
    address_ = heard;
    records_ = describe();
    if (is_announced_) next(Step::announce, 0);
}

void Announcer::hear_query(dns::Reader& reader, const gw_answer& datagram) {
    const bool is_near_peer = is_near(as_text(datagram.address));
    // RFC 6762 6.7: not from the port of multicast DNS, so a simple resolver, which is told as one.
    const bool is_legacy = datagram.port != mdns_port;
    Mask alone = 0, all = 0;
    bool is_probe = false;
    for (;;) {
        const auto read = reader.next();
        if (!read) return;  // RFC 6762 18: nothing of it counts
        if (!*read) break;
        const dns::Entry& entry = **read;
        if (is_legacy) {
            if (is_near_peer && entry.section == dns::Section::question)
                answer_alone(matching(entry), datagram, reader.head().id, &entry);
            return;  // they ask one thing at a time
        }
        if (entry.section == dns::Section::question) {
            (entry.flag && is_near_peer ? alone : all) |= matching(entry);
        } else if (entry.section == dns::Section::answer) {  // RFC 6762 7.1: what they know, for half its time at least
            for (std::size_t i = 0; i < records_.size(); ++i) {
                const Record& record = records_[i];
                if (record.type != entry.type || entry.ttl < record.ttl / 2 ||
                    !dns::same_name(record.owner, entry.name) || !dns::same_name(record.data, entry.data))
                    continue;
                alone &= ~(Mask{1} << i);
                all &= ~(Mask{1} << i);
            }
        } else if (entry.section == dns::Section::authority) {
            is_probe = true;  // RFC 6762 8.1: somebody is about to take a name, and will not ask for long
        }
    }
    answer_alone(alone, datagram, reader.head().id, nullptr);
    if (is_probe) urgent_ |= all;
    answer_soon(all);
}

void Announcer::hear_answer(dns::Reader& reader) {
    for (;;) {
        const auto read = reader.next();
        if (!read || !*read) return;
        const dns::Entry& entry = **read;
        if (entry.section == dns::Section::question || entry.klass != dns::class_internet || entry.ttl == 0) continue;
        for (std::size_t i = 0; i < records_.size(); ++i) {
            const Record& record = records_[i];
            if (!record.is_unique || record.type != entry.type || record.type == dns::type::nsec ||
                !dns::same_name(record.owner, entry.name) || dns::same_name(record.data, entry.data))
                continue;
            // RFC 6762 9. Of two who have told already the later in order keeps the name, as in 8.2.
            if (!is_announced_ || record.data < entry.data) return yield(record);
            answer_soon(Mask{1} << i);
        }
    }
}

void Announcer::yield(const Record& record) {
    const bool is_host = record.type == dns::type::a || record.type == dns::type::aaaa;
    unsigned& number = is_host ? host_number_ : instance_number_;
    if (++number > number_max) {
        number = 1;
        return wait({"all its names are taken"});
    }
    gateway_.log().info(
        {"\"", first_label(record.owner), "\" is taken on the local network; the gateway chooses another name there"});
    records_ = describe();
    probe_again();
}

// --- answers -------------------------------------------------------------------------------------------------------

Announcer::Mask Announcer::matching(const dns::Entry& question) const noexcept {
    if (question.klass != dns::class_internet && question.klass != dns::class_any) return 0;
    Mask mask = 0, denial = 0;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        if (!dns::same_name(records_[i].owner, question.name)) continue;
        const bool fits = question.type == records_[i].type || question.type == dns::type::any;
        if (fits) mask |= Mask{1} << i;
        if (records_[i].type == dns::type::nsec) denial |= Mask{1} << i;
    }
    return mask != 0 ? mask : denial;
}

// RFC 6763 12: what whoever gets these records will ask next.
Announcer::Mask Announcer::companions(Mask mask) const noexcept {
    Mask known = mask;
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < records_.size(); ++i) {
            if ((known >> i & 1U) == 0) continue;
            std::string_view target = records_[i].data;
            if (records_[i].type == dns::type::srv)
                target.remove_prefix(6);
            else if (records_[i].type != dns::type::ptr)
                continue;
            for (std::size_t j = 0; j < records_.size(); ++j) {
                if (records_[j].is_unique && records_[j].owner == target) known |= Mask{1} << j;
            }
        }
    }
    return known & ~mask;
}

void Announcer::write(Buffer& out, Mask answers, Mask additional, std::uint16_t id, const dns::Entry* question) const {
    dns::Writer writer(out, {id, true, 0, 0});
    if (question != nullptr) writer.add({dns::Section::question, question->name, question->type, question->klass});
    for (const dns::Section section : {dns::Section::answer, dns::Section::additional}) {
        const bool is_answer = section == dns::Section::answer;
        for (std::size_t i = 0; i < records_.size(); ++i) {
            if (((is_answer ? answers : additional) >> i & 1U) == 0) continue;
            const Record& record = records_[i];
            // RFC 6762 6.7: simple resolvers forget it soon, and do not know the bit.
            const std::uint32_t ttl = question != nullptr ? std::min(record.ttl, legacy_ttl_s) : record.ttl;
            writer.add({section, record.owner, record.type, dns::class_internet,
                        record.is_unique && question == nullptr, ttl, record.data},
                       is_answer ? dns::message_bytes_max : packet_bytes_max);
        }
    }
}

bool Announcer::may_answer_alone() noexcept {
    if (gateway_.now() >= alone_until_) {
        alone_until_ = gateway_.now() + retell_ms;
        alone_count_ = 0;
    }
    return ++alone_count_ <= alone_max && !ask_.is_sending();
}

void Announcer::answer_alone(Mask mask, const gw_answer& datagram, std::uint16_t id, const dns::Entry* question) {
    if (mask == 0 || !may_answer_alone()) return;
    Buffer out(gateway_.pool());
    write(out, mask, companions(mask), id, question);
    ask_.send(as_text(datagram.address), datagram.port, out.text());
}

// RFC 6762 6: others may have the same to say, and some of it may be asked for twice.
void Announcer::answer_soon(Mask mask) noexcept {
    due_ |= mask;
    if (due_ == 0 || answer_timer_.armed()) return;
    std::byte random[1]{};
    static_cast<void>(gateway_.random().fill(random));
    answer_timer_.arm(gateway_.now() + 20 + std::to_integer<unsigned>(random[0]) % 100);
}

void Announcer::answer_all() try {
    if (ask_.is_sending()) return answer_timer_.arm(gateway_.now() + 20);
    Mask free = 0;
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const bool is_urgent = (urgent_ >> i & 1U) != 0;
        if (gateway_.now() + (is_urgent ? retell_ms - urgent_ms : 0) >= records_[i].quiet_until) free |= Mask{1} << i;
    }
    urgent_ = 0;
    const Mask answers = std::exchange(due_, 0) & free;
    if (answers == 0) return;
    const Mask additional = companions(answers) & free;
    Buffer out(gateway_.pool());
    write(out, answers, additional, 0, nullptr);
    ask_.send(group, mdns_port, out.text());
    for (std::size_t i = 0; i < records_.size(); ++i) {
        if (((answers | additional) >> i & 1U) != 0) records_[i].quiet_until = gateway_.now() + retell_ms;
    }
} catch (const std::bad_alloc&) {
}

}  // namespace gw::exchange
