#include "auth/bootstrap.h"

#include <algorithm>
#include <utility>

#include "crypto/base64.h"
#include "crypto/compare.h"

namespace gw::auth {

namespace {

constexpr std::string_view bootstrap_key = "devices/bootstrap.json";
constexpr std::size_t bootstrap_file_bytes_max = 1U << 20U;
constexpr std::string_view bootstrap_members[] = {"token",  "setupId", "deviceId",   "roles",       "scopes",
                                                  "access", "ts",      "issuedAtMs", "lastUsedAtMs"};

void read_list(json::Value list, ScopeList& out) {
    if (!list.is(json::Kind::array)) return;
    for (json::Value one = list.first(); one.exists() && out.size() < scope_count_max; one = one.next()) {
        if (const auto word = one.as_string(); word && word->size() <= scope_bytes_max) out.emplace_back(*word);
    }
}

bool is_over(std::uint64_t issued_ms, std::uint64_t now_ms) noexcept {
    return now_ms < issued_ms || now_ms - issued_ms >= bootstrap_ttl_ms;
}

}  // namespace

std::string_view name_of(SetupAccess access) noexcept {
    switch (access) {
    case SetupAccess::full: return "full";
    case SetupAccess::limited: return "limited";
    case SetupAccess::node: return "node";
    }
    return "node";
}

BootstrapTokens::BootstrapTokens(store::Store& store, const crypto::Random& random, BlockPool* pool,
                                 std::pmr::memory_resource* memory)
    : store_(store), random_(random), pool_(pool), memory_(memory), tokens_(memory), completions_(memory) {
    tokens_.reserve(count_max);  // so that what is there never moves
}

Result<void> BootstrapTokens::load() {
    Buffer text(pool_);
    const auto there = store_.get(bootstrap_key, text);
    if (!there) return there.error();
    json::Document document(memory_);
    json::Limits limits;
    limits.bytes_max = bootstrap_file_bytes_max;
    limits.depth_max = 16;
    if (!*there || !document.parse(text.text(), limits)) return {};
    for (json::Value one = document.root().first(); one.exists() && tokens_.size() < count_max; one = one.next()) {
        const auto value = one["token"].as_string();
        const auto issued = one["issuedAtMs"].exists() ? one["issuedAtMs"].as_int() : one["ts"].as_int();
        if (!value || value->size() < 32 || value->size() > 128 || !issued || *issued < 0 || find(*value) != nullptr)
            continue;
        Token token(memory_);
        token.token = *value;
        token.setup_id = one["setupId"].as_string().value_or(std::string_view{});
        token.device_id = one["deviceId"].as_string().value_or(std::string_view{});
        token.issued_ms = static_cast<std::uint64_t>(*issued);
        token.last_used_ms =
            static_cast<std::uint64_t>(std::max<std::int64_t>(one["lastUsedAtMs"].as_int().value_or(0), 0));
        for (const SetupAccess access : {SetupAccess::full, SetupAccess::limited}) {
            if (one["access"].as_string() == name_of(access)) token.access = access;
        }
        read_list(one["roles"], token.roles);
        read_list(one["scopes"], token.scopes);
        for (json::Value member = one.first(); member.exists() && token.extra.size() < 16; member = member.next()) {
            if (std::find(std::begin(bootstrap_members), std::end(bootstrap_members), member.key()) ==
                std::end(bootstrap_members))
                token.extra.emplace_back(member.key(), member.raw());
        }
        tokens_.push_back(std::move(token));
    }
    crypto::wipe(text.mutable_bytes());
    return {};
}

void BootstrapTokens::expire(std::uint64_t now_ms) {
    std::erase_if(tokens_, [&](const Token& token) { return is_over(token.issued_ms, now_ms); });
}

BootstrapTokens::Token* BootstrapTokens::find(std::string_view token) noexcept {
    Token* found = nullptr;
    for (Token& one : tokens_) {  // all of them, so that the time does not tell which
        if (crypto::equal_secrets(token, std::string_view(one.token))) found = &one;
    }
    return token.empty() ? nullptr : found;
}

DeviceError BootstrapTokens::issue(SetupAccess access, std::uint64_t now_ms, const Token*& out) {
    expire(now_ms);
    auto text = crypto::random_base64url(random_, 32, memory_);
    const auto id = crypto::random_uuid(random_);
    if (!text || !id) return DeviceError::no_random;
    Token token(memory_);
    token.token = std::move(*text);
    token.setup_id.assign(id->data(), id->size());
    token.access = access;
    token.issued_ms = now_ms;
    token.roles.emplace_back(name_of(Role::node));
    if (access != SetupAccess::node) {
        token.roles.emplace_back(name_of(Role::operator_));
        token.scopes.emplace_back(name_of(Scope::read));
        token.scopes.emplace_back(name_of(Scope::write));
    }
    if (access == SetupAccess::full) {
        for (const Scope scope : {Scope::admin, Scope::approvals, Scope::pairing, Scope::talk_secrets})
            token.scopes.emplace_back(name_of(scope));
    }
    if (tokens_.size() >= count_max) tokens_.erase(tokens_.begin());
    tokens_.push_back(std::move(token));
    const DeviceError error = save();
    if (error != DeviceError::none) tokens_.pop_back();
    if (error == DeviceError::none) out = &tokens_.back();
    return error;
}

bool BootstrapTokens::check(std::string_view token, std::string_view device_id, Role role,
                            std::span<const std::string_view> scopes, std::uint64_t now_ms) {
    expire(now_ms);
    const Token* const found = find(token);
    if (found == nullptr || device_id.empty()) return false;
    if (!found->device_id.empty() && found->device_id != device_id) return false;
    if (!has_word(found->roles, name_of(role))) return false;
    return role == Role::node || scopes_cover(found->scopes, copy_scopes(scopes, memory_));
}

DeviceError BootstrapTokens::redeem(std::string_view token, std::string_view device_id, Role role,
                                    std::uint64_t now_ms) {
    Token* const found = find(token);
    if (found == nullptr) return DeviceError::unknown_token;
    if (found->device_id.empty()) {
        Completion& done = completions_.emplace_back(memory_);
        done.setup_id = found->setup_id;
        done.device_id = device_id;
        done.access = found->access;
        done.at_ms = now_ms;
        if (completions_.size() > count_max) completions_.pop_front();
        completion_waits_ = true;
    }
    found->device_id = device_id;
    found->last_used_ms = now_ms;
    std::erase_if(found->roles, [&](const auto& one) { return one == name_of(role); });
    if (found->roles.empty()) tokens_.erase(tokens_.begin() + (found - tokens_.data()));
    return save();
}

const BootstrapTokens::Completion* BootstrapTokens::completion(std::string_view setup_id) const noexcept {
    for (const Completion& one : completions_) {
        if (one.setup_id == setup_id) return &one;
    }
    return nullptr;
}

const BootstrapTokens::Completion* BootstrapTokens::take_completion() noexcept {
    return std::exchange(completion_waits_, false) ? &completions_.back() : nullptr;
}

DeviceError BootstrapTokens::save() {
    Buffer text(pool_);
    json::Writer writer(text);
    writer.begin_object();
    for (const Token& token : tokens_) {
        writer.key(token.token).begin_object().member("token", std::string_view(token.token));
        write_optional(writer, "setupId", token.setup_id);
        write_optional(writer, "deviceId", token.device_id);
        write_words(writer, "roles", token.roles);
        write_words(writer, "scopes", token.scopes);
        writer.member("access", name_of(token.access));
        writer.member("ts", token.issued_ms).member("issuedAtMs", token.issued_ms);
        write_optional(writer, "lastUsedAtMs", token.last_used_ms);
        for (const auto& [name, value] : token.extra) writer.key(name).raw(value);
        writer.end_object();
    }
    writer.end_object();
    const bool stored = static_cast<bool>(store_.put(bootstrap_key, text.text()));
    crypto::wipe(text.mutable_bytes());
    return stored ? DeviceError::none : DeviceError::not_stored;
}

void append_setup_code(std::pmr::string& out, std::string_view url, std::string_view token, BlockPool* pool) {
    Buffer text(pool);
    json::Writer(text).begin_object().member("url", url).member("bootstrapToken", token).end_object();
    out += crypto::base64_encode(text.bytes(), out.get_allocator().resource(), crypto::Base64::url);
    crypto::wipe(text.mutable_bytes());
}

}  // namespace gw::auth
