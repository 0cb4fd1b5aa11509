// Call: one request in its handler. It writes its result, or fails, or says that it will answer later.
//
//     void describe(Core& core, Call& call) {
//         const Node* node = core.nodes.find(call.text("nodeId"));
//         if (node == nullptr) return call.fail("unknown nodeId");
//         write_node(call.result(), *node);
//     }
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"
#include "method/client.h"
#include "method/gate.h"
#include "rpc/frame.h"

namespace gw::method {

class Call {
public:
    Call(Gate& gate, Client& from, std::string_view name, const json::Value& arguments, Buffer& payload)
        : client(from),
          method(name),
          params(arguments),
          gate_(gate),
          payload_(payload),
          writer_(payload),
          text_(gate.memory()) {}

    Client& client;
    std::string_view method;
    json::Value params;  // checked against the method's schema

    // Members of the parameters; empty or nothing where they are missing.
    [[nodiscard]] std::string_view text(std::string_view name) const noexcept {
        return params[name].as_string().value_or(std::string_view{});
    }
    [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const noexcept {
        return params[name].as_int().value_or(otherwise);
    }
    [[nodiscard]] bool flag(std::string_view name, bool otherwise = false) const noexcept {
        return params[name].as_bool().value_or(otherwise);
    }

    // The payload of the answer; when nothing is written it is {}.
    [[nodiscard]] json::Writer& result() noexcept { return writer_; }

    // Fails instead. `message` may be made of parts; it is kept.
    void fail(std::string_view message) { fail(rpc::code::invalid_request, {message}); }
    void fail(std::string_view code, std::initializer_list<std::string_view> parts, std::string_view details = {}) {
        text_.clear();
        for (const std::string_view part : parts) text_ += part;
        details_.emplace(details, text_.get_allocator());
        failure_.emplace();
        failure_->code = code;
        failure_->message = text_;
        failure_->details = *details_;
    }
    // After fail(): retryable, retryAfterMs, payload.
    [[nodiscard]] rpc::Failure& failure() noexcept { return *failure_; }
    // False, and failed with the exact words, when the client lacks the scope.
    bool require(rpc::Scope scope);

    // The answer comes later, through Gate::answer() or Gate::fail(); what was written so far is dropped.
    [[nodiscard]] Ticket defer() {
        deferred_ = true;
        return gate_.open_ticket();
    }

    [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return gate_.memory(); }
    [[nodiscard]] BlockPool* pool() const noexcept { return gate_.pool(); }

    [[nodiscard]] bool deferred() const noexcept { return deferred_; }
    [[nodiscard]] const std::optional<rpc::Failure>& failed() const noexcept { return failure_; }
    [[nodiscard]] std::string_view payload() const noexcept { return payload_.text(); }

private:
    Gate& gate_;
    Buffer& payload_;
    json::Writer writer_;
    std::pmr::string text_;
    std::optional<std::pmr::string> details_;
    std::optional<rpc::Failure> failure_;
    bool deferred_ = false;
};

}  // namespace gw::method
