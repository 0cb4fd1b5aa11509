// A Gate without sockets: clients are structs, what they are told is text, and the clock moves when told. Ids are
// counted, so that whole answers can be compared.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "method/core.h"
#include "store/memory_store.h"
#include "support/test.h"

namespace gw::test {

// JSON that is asked by path: reply["error"]["message"].
class Reply {
public:
    explicit Reply(std::string text)
        : text_(std::make_shared<std::string>(std::move(text))),
          document_(std::make_shared<json::Document>(std::pmr::get_default_resource())) {
        INFO(*text_);
        REQUIRE(static_cast<bool>(document_->parse(*text_)));
    }
    [[nodiscard]] json::Value operator[](std::string_view key) const { return document_->root()[key]; }
    [[nodiscard]] json::Value root() const { return document_->root(); }
    [[nodiscard]] const std::string& text() const { return *text_; }
    // The text at a path of keys; numbers, objects and the like as they are written.
    [[nodiscard]] std::string at(std::initializer_list<std::string_view> path) const {
        json::Value value = root();
        for (const std::string_view key : path) value = value[key];
        return std::string(value.as_string().value_or(value.raw()));
    }

private:
    std::shared_ptr<std::string> text_;
    std::shared_ptr<json::Document> document_;
};

[[nodiscard]] inline std::string text_at(const json::Value& value, std::string_view key) {
    return std::string(value[key].as_string().value_or(""));
}

class FakeGate final : public method::Gate {
public:
    struct Party {
        explicit Party(std::pmr::memory_resource* memory) : client(memory) {}
        method::Client client;
        std::vector<std::string> events;  // {"event","payload"}
        int closed = 0;                   // the code
    };

    explicit FakeGate(std::string_view text = "{}", store::Store* kept = nullptr)
        : timers_(memory()), own_store_(store::Limits{}, memory()), store_(kept) {
        if (text == "{}") {  // most tests say nothing: read once
            static const config::Config usual = load_config("{}");
            config_ = &usual;
        } else {
            own_config_.emplace(load_config(text));
            config_ = &*own_config_;
        }
        core_.emplace(*this);
        core_->start();
    }
    ~FakeGate() {
        while (!parties_.empty()) leave(*parties_.begin()->second);
    }
    FakeGate(const FakeGate&) = delete;
    FakeGate& operator=(const FakeGate&) = delete;

    [[nodiscard]] method::Core& core() { return *core_; }

    Party& oper(std::string_view name, int protocol = 3, rpc::Scopes scopes = {rpc::Scope::admin}) {
        Party& party = make(name, protocol);
        party.client.scopes = scopes;
        return join(party);
    }
    Party& node(std::string_view id, std::vector<std::string> commands = {"system.run", "system.which"},
                std::string_view platform = "linux", int protocol = 3, bool is_local = true) {
        Party& party = make("node-host", protocol);
        method::Client& client = party.client;
        client.role = rpc::Role::node;
        client.mode = "node";
        client.device_id = id;
        client.platform = platform;
        client.is_local = is_local;
        client.node = make_owned<method::NodeSurface>(memory(), memory());
        client.node->caps.emplace_back("system");
        for (const std::string& command : commands) client.node->commands.emplace_back(command);
        return join(party);
    }
    void leave(Party& party) {
        const auto found = parties_.find(party.client.id);
        const std::unique_ptr<Party> gone = std::move(found->second);
        parties_.erase(found);
        for (auto at = tickets_.begin(); at != tickets_.end();)
            at = at->second.client == gone->client.id ? tickets_.erase(at) : std::next(at);
        core_->on_left(gone->client);
    }

    // Sends a call and gives its number; answers() has what came of it, each {"ok","payload"|"error"}.
    int send_call(Party& from, std::string_view method, std::string_view params = "{}") {
        const std::string text(params);
        json::Document document(memory());
        INFO(text);
        REQUIRE(static_cast<bool>(document.parse(text)));
        const int number = ++calls_;
        Buffer payload(pool());
        method::Call call(*this, from.client, method, document.root(), payload);
        current_ = {from.client.id, number};
        core_->dispatch(call);
        if (call.failed()) {
            answers_[number].push_back(failure_text(*call.failed()));
        } else if (!call.deferred()) {
            answers_[number].push_back(success_text(call.payload()));
        }
        return number;
    }
    [[nodiscard]] const std::vector<std::string>& answers(int number) { return answers_[number]; }
    // The only answer so far.
    Reply answer_of(int number) {
        REQUIRE(answers_[number].size() == 1);
        return Reply(answers_[number].front());
    }
    Reply call(Party& from, std::string_view method, std::string_view params = "{}") {
        return answer_of(send_call(from, method, params));
    }
    // The first event of that name, taken out; fails the test when there is none.
    static Reply take_event(Party& party, std::string_view name) {
        for (auto at = party.events.begin(); at != party.events.end(); ++at) {
            Reply event(*at);
            if (event.at({"event"}) != name) continue;
            party.events.erase(at);
            return event;
        }
        FAIL("no event " << name);
        return Reply("{}");
    }
    [[nodiscard]] static std::size_t count_events(const Party& party, std::string_view name) {
        std::size_t count = 0;
        for (const std::string& event : party.events) count += Reply(event).at({"event"}) == name ? 1 : 0;
        return count;
    }
    void advance(std::uint64_t ms) {
        const Milliseconds end = now_ + ms;
        while (timers_.next_deadline() <= end) {
            unix_ += timers_.next_deadline() > now_ ? timers_.next_deadline() - now_ : 0;
            now_ = std::max(now_, timers_.next_deadline());
            while (Timer* timer = timers_.pop_due(now_)) timer->fire();
        }
        unix_ += end - now_;
        now_ = end;
    }

    std::pmr::memory_resource* memory() noexcept override { return std::pmr::get_default_resource(); }
    BlockPool* pool() noexcept override { return pool_.get(); }
    Timers& timers() noexcept override { return timers_; }
    Milliseconds now() const noexcept override { return now_; }
    std::uint64_t unix_ms() const noexcept override { return unix_; }
    std::uint64_t uptime_ms() const noexcept override { return now_; }
    const crypto::Random& random() const noexcept override { return random_; }
    const config::Config& config() const noexcept override { return *config_; }
    const gw_limits& limits() const noexcept override { return limits_; }
    store::Store& store() noexcept override { return store_ != nullptr ? *store_ : own_store_; }
    const Log& log() const noexcept override { return log_; }
    method::Ticket open_ticket() override {
        tickets_[++last_ticket_] = current_;
        return last_ticket_;
    }
    void answer(method::Ticket ticket, std::string_view payload, bool more = false) override {
        const auto found = tickets_.find(ticket);
        if (found == tickets_.end()) return;
        answers_[found->second.number].push_back(success_text(payload));
        if (!more) tickets_.erase(found);
    }
    void fail(method::Ticket ticket, const rpc::Failure& failure) override {
        const auto found = tickets_.find(ticket);
        if (found == tickets_.end()) return;
        answers_[found->second.number].push_back(failure_text(failure));
        tickets_.erase(found);
    }
    void hand_over(method::Call& call) override {
        call.result().begin_object().member("handedOver", call.method).end_object();
    }
    void broadcast(const method::Event& event) override {
        for (auto& [id, party] : parties_) {
            const method::Client& client = party->client;
            if (client.protocol < event.protocol_min || client.protocol > event.protocol_max) continue;
            if (client.role == rpc::Role::node ? !event.to_nodes : !client.allows(event.scope)) continue;
            if (event.filter != nullptr && !event.filter(event.context, client)) continue;
            if (event.name == "health" || event.name == "presence" || event.name == "tick") continue;
            party->events.push_back(event_text(event.name, event.payload));
        }
    }
    void tell_simple(const method::SimpleNews&) override {}
    Owned<method::Turn> make_turn(const method::TurnRequest& request, method::TurnListener& listener) override {
        struct Echo final : method::Turn {
            Echo(std::string_view said, method::TurnListener& to) : text(said), listener(to) {}
            void start() override {
                listener.on_start("test", "echo");
                listener.on_text(text);
                listener.on_end(message::StopReason::stop, {}, false);
            }
            std::string text;
            method::TurnListener& listener;
        };
        return make_owned<Echo>(memory(), std::string(request.notices) + std::string(request.text), listener);
    }
    void describe_tools(std::pmr::vector<method::CatalogTool>&) override {}
    bool send(method::ClientId client, std::string_view name, std::string_view payload) override {
        const auto found = parties_.find(client);
        if (found == parties_.end()) return false;
        found->second->events.push_back(event_text(name, payload));
        return true;
    }
    void close(method::ClientId client, std::uint16_t code, std::string_view) override {
        if (const auto found = parties_.find(client); found != parties_.end()) found->second->closed = code;
    }
    method::Client* find(method::ClientId client) noexcept override {
        const auto found = parties_.find(client);
        return found != parties_.end() ? &found->second->client : nullptr;
    }
    void for_each_client(bool (*visit)(void* context, method::Client& client), void* context) override {
        for (auto& [id, party] : parties_) {
            if (!visit(context, party->client)) return;
        }
    }
    [[nodiscard]] std::size_t open_tickets() const { return tickets_.size(); }

private:
    struct Waiting {
        method::ClientId client = 0;
        int number = 0;
    };
    static config::Config load_config(std::string_view text) {
        config::Config out(std::pmr::get_default_resource());
        std::pmr::vector<config::Problem> problems;
        REQUIRE(config::load(text, {}, out, problems, std::pmr::get_default_resource()));
        return out;
    }
    Party& make(std::string_view name, int protocol) {
        auto made = std::make_unique<Party>(memory());
        made->client.id = ++last_client_;
        made->client.conn_id.fill('0');
        made->client.conn_id.back() = static_cast<char>('a' + last_client_ % 26);
        made->client.client_id = name;
        made->client.mode = "backend";
        made->client.protocol = static_cast<std::uint8_t>(protocol);
        made->client.connected_ms = unix_;
        Party& party = *made;
        parties_[last_client_] = std::move(made);
        return party;
    }
    Party& join(Party& party) {
        core_->on_joined(party.client);
        return party;
    }
    static std::string event_text(std::string_view name, std::string_view payload) {
        return R"({"event":")" + std::string(name) + R"(","payload":)" + std::string(payload) + "}";
    }
    static std::string success_text(std::string_view payload) {
        return R"({"ok":true,"payload":)" + (payload.empty() ? "{}" : std::string(payload)) + "}";
    }
    std::string failure_text(const rpc::Failure& failure) {
        Buffer out(pool());
        json::Writer writer(out);
        writer.begin_object().member("ok", false).key("error").begin_object().member("code", failure.code);
        writer.member("message", failure.message);
        if (!failure.details.empty()) writer.key("details").raw(failure.details);
        if (failure.retryable) writer.member("retryable", true);
        writer.end_object().end_object();
        return std::string(out.text());
    }
    static bool count_bytes(void* user, void* out, std::size_t size) {
        auto* bytes = static_cast<unsigned char*>(out);
        std::uint32_t number = ++*static_cast<std::uint32_t*>(user);
        for (std::size_t i = size; i-- > 0; number >>= 8U) bytes[i] = static_cast<unsigned char>(number);
        return true;
    }

    BlockPoolOwner pool_{Allocator::from(nullptr)};
    Timers timers_;
    std::optional<config::Config> own_config_;
    const config::Config* config_ = nullptr;
    store::MemoryStore own_store_;
    store::Store* store_;
    gw_limits limits_{};
    Log log_;
    std::uint32_t counter_ = 0;
    crypto::Random random_{count_bytes, &counter_};
    Milliseconds now_ = 1000;
    std::uint64_t unix_ = 1767225600000;
    std::map<method::ClientId, std::unique_ptr<Party>> parties_;
    std::map<method::Ticket, Waiting> tickets_;
    std::map<int, std::vector<std::string>> answers_;
    Waiting current_;
    method::Ticket last_ticket_ = 0;
    method::ClientId last_client_ = 0;
    int calls_ = 0;
    std::optional<method::Core> core_;
};

}  // namespace gw::test
