#include "exchange/tailnet.h"

#include <new>

#include "exchange/gateway.h"

namespace gw::exchange {

namespace {

constexpr std::string_view tailscaled_authority = "local-tailscaled.sock";
constexpr std::size_t whois_bytes_max = 262144;
constexpr std::uint32_t whois_timeout_ms = 3000;

UpstreamCall::Target tailscaled() {
    UpstreamCall::Target target;
    target.url.host = Tailnet::socket_path;  // port 0: a local socket
    target.url.authority = tailscaled_authority;
    target.alone = true;
    target.connect_timeout_ms = target.first_byte_timeout_ms = target.idle_timeout_ms = whois_timeout_ms;
    return target;
}

}  // namespace

// One address: who waits, then what is known of it.
class Tailnet::Question final : public UpstreamCall::Listener {
public:
    Question(Tailnet& tailnet, std::string_view asked)
        : address(asked, tailnet.gateway_.memory()),
          login(tailnet.gateway_.memory()),
          tailnet_(tailnet),
          body_(tailnet.gateway_.pool()) {}
    ~Question() { close(); }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    void start() {
        Gateway& gateway = tailnet_.gateway_;
        std::pmr::string path("/localapi/v0/whois?addr=", gateway.memory());
        const bool is_v6 = address.find(':') != std::pmr::string::npos;
        path += is_v6 ? "%5B" : "";
        path += address;
        path += is_v6 ? "%5D:0" : ":0";
        call_.emplace(gateway, *this, tailscaled());
        ++tailnet_.open_count_;
        is_open = true;
        call_->start("GET", path, {}, Buffer(gateway.pool()));
    }

    void on_head(const http1::ResponseHead& head) override { is_good_ = head.status == 200; }
    void on_body(std::span<const std::byte> data) override {
        if (body_.size() + data.size() > whois_bytes_max) return finish(false);
        body_.append(as_text(data));
    }
    void on_end() override {
        json::Document document(tailnet_.gateway_.memory());
        if (is_good_ && document.parse(body_.text()))
            login = document.root()["UserProfile"]["LoginName"].as_string().value_or(std::string_view{});
        finish(!login.empty());
    }
    void on_failure(gw_status /*status*/, std::string_view what) override {
        tailnet_.gateway_.log().warn({"tailscaled cannot be asked who has an address: ", what});
        finish(false);
    }
    void on_no_memory() noexcept override { finish(false); }

    [[nodiscard]] TailnetAnswer answer() const noexcept { return {found, login}; }

    std::pmr::string address, login;
    bool is_open = false, found = false;
    Milliseconds until = 0;
    List<TailnetWaiter> waiters;

private:
    void close() noexcept {
        if (is_open) --tailnet_.open_count_;
        is_open = false;
    }
    void finish(bool is_found) noexcept {
        close();
        found = is_found;
        until = tailnet_.gateway_.now() + (found ? found_ms : nobody_ms);
        call_.reset();
        body_.clear();
        while (TailnetWaiter* const waiter = waiters.pop_front()) waiter->on_whois(answer());
    }

    Tailnet& tailnet_;
    Buffer body_;
    bool is_good_ = false;
    std::optional<UpstreamCall> call_;
};

Tailnet::Tailnet(Gateway& gateway) : gateway_(gateway), questions_(gateway.memory()) {}
Tailnet::~Tailnet() = default;

void Tailnet::forget_old() {
    const Milliseconds now = gateway_.now();
    questions_.remove_if([now](const auto& one) { return !one->is_open && one->until <= now; });
    for (auto at = questions_.begin(); at != questions_.end() && questions_.size() >= questions_max;)
        at = (*at)->is_open ? std::next(at) : questions_.erase(at);
}

std::optional<TailnetAnswer> Tailnet::ask(std::string_view address, TailnetWaiter& waiter) {
    forget_old();
    for (const auto& one : questions_) {
        if (one->address != address) continue;
        if (!one->is_open) return one->answer();
        one->waiters.push_back(waiter.in_question);
        return std::nullopt;
    }
    if (open_count_ >= open_max || (gateway_.services() & GW_SERVICE_CONNECT) == 0) return TailnetAnswer{};
    questions_.push_back(make_owned<Question>(gateway_.memory(), *this, address));
    Question& question = *questions_.back();
    try {
        question.start();
    } catch (...) {
        questions_.pop_back();
        throw;
    }
    question.waiters.push_back(waiter.in_question);
    return std::nullopt;
}

}  // namespace gw::exchange
