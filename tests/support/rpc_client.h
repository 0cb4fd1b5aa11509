// A gateway client in a World: a WebSocket in memory, and what came over it as JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"
#include "support/world.h"

namespace gw::test {

// A JSON text with its values, to be asked by path: frame["payload"]["ok"].
class Json {
public:
    explicit Json(std::string text);
    [[nodiscard]] json::Value root() const { return document_->root(); }
    [[nodiscard]] json::Value operator[](std::string_view key) const { return root()[key]; }
    [[nodiscard]] const std::string& text() const { return *text_; }

private:
    std::shared_ptr<std::string> text_;
    std::shared_ptr<json::Document> document_;
};
// The text of a string value, "" for anything else.
[[nodiscard]] std::string text_of(const json::Value& value);

class RpcClient {
public:
    // Upgrades on `target`; `fields` are more header lines, each with its CR LF.
    explicit RpcClient(World& world, std::string_view target = "/", std::string_view fields = {},
                       std::string_view address = "127.0.0.1");

    [[nodiscard]] bool upgraded() const { return upgraded_; }
    [[nodiscard]] const std::string& head() const { return head_; }  // of the answer to the upgrade
    void send(std::string_view text);                                // one text message
    void send_frame(unsigned opcode, std::string_view payload, bool last = true);
    // The next message that is waiting; fails the test when there is none.
    Json take();
    [[nodiscard]] bool has();  // a message waits
    // The answer to a call, wherever it is in line; what else waits stays.
    Json take_answer(std::string_view id);
    // Drops what comes before it.
    Json take_event(std::string_view name);
    // Sends {"type":"req",...} and takes its answer. `params` is JSON.
    Json call(std::string_view method, std::string_view params = "{}");
    // Says connect, with a device of its own. Gives the answer.
    struct Who {
        std::string_view token;  // auth.token
        int protocol = 3;
        std::string_view scopes = "operator.admin,operator.read,operator.write,operator.approvals,operator.pairing";
        std::string_view client_id = "gateway-client", mode = "backend", role = "operator";
        std::string_view more;  // members of the parameters, each with a comma in front
    };
    Json connect_as(const Who& who);
    Json connect(std::string_view token = {}, int protocol = 3) {
        Who who;
        who.token = token;
        who.protocol = protocol;
        return connect_as(who);
    }

    // Time goes by; the client answers pings meanwhile, as do `others`.
    void pass(std::uint64_t ms, std::initializer_list<RpcClient*> others = {});
    [[nodiscard]] int close_code();  // 0: none came
    [[nodiscard]] const std::string& close_reason() const { return close_reason_; }
    World::Peer& peer() { return *peer_; }

private:
    void read();

    World& world_;
    World::Peer* peer_;
    std::string head_;
    bool upgraded_ = false;
    std::vector<std::string> messages_;
    std::size_t taken_ = 0;
    int close_code_ = 0;
    std::string close_reason_;
    int next_id_ = 1;
};

}  // namespace gw::test
