#include "auth/scopes.h"

#include <string>

#include "support/test.h"

namespace gw::auth {

namespace {

ScopeList list(std::initializer_list<const char*> words) {
    ScopeList out;
    for (const char* word : words) out.emplace_back(word);
    return out;
}

std::string joined(const ScopeList& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + std::string(word);
    return out;
}

}  // namespace

TEST_CASE("auth: what scopes allow") {
    struct Case {
        ScopeList granted;
        std::string_view needed;
        bool want;
    };
    const Case cases[] = {
        {list({"operator.admin"}), "operator.pairing", true},
        {list({"operator.admin"}), "operator.something.new", true},
        {list({"operator.write"}), "operator.read", true},
        {list({"operator.write"}), "operator.sessions.write", true},
        {list({"operator.write"}), "operator.questions", true},
        {list({"operator.write"}), "operator.admin", false},
        {list({"operator.write"}), "operator.approvals", false},
        {list({"operator.write"}), "operator.talk.secrets", false},
        {list({"operator.read"}), "operator.write", false},
        {list({"operator.read"}), "operator.sessions.read", true},
        {list({"operator.sessions.read"}), "operator.read", false},
        {list({"operator.sessions.write"}), "operator.sessions.read", true},
        {list({"operator.approvals", "operator.pairing"}), "operator.read", false},
        {list({"write"}), "operator.read", true},
        {list({"admin"}), "pairing", true},
        {list({"operator.nonsense"}), "operator.nonsense", false},
        {list({"OPERATOR.ADMIN", "operator.admin ", ""}), "operator.read", false},
        {list({}), "operator.read", false},
        {list({"node"}), "operator.read", false},
    };
    for (const Case& c : cases) {
        INFO(joined(c.granted) << " for " << c.needed);
        CHECK(scope_allows(c.granted, c.needed) == c.want);
    }
    CHECK(ScopeSet::all().allows(Scope::talk_secrets));
    CHECK(ScopeSet::all().intersection(scope_set(list({"operator.read"}))) == scope_set(list({"operator.read"})));
}

TEST_CASE("auth: a set keeps the words that were granted") {
    ScopeSet scopes;
    CHECK(scopes.empty());
    CHECK(scopes.allows(Scope::any));
    CHECK_FALSE(scopes.allows(Scope::read));
    CHECK(scopes.add("operator.write"));
    CHECK(scopes.allows(Scope::read));
    CHECK_FALSE(scopes.add("operator.nothing"));
    CHECK_FALSE(scopes.add(""));
    CHECK(scopes.add("pairing"));
    std::string names;
    scopes.for_each([&](std::string_view name) { (names += name) += ' '; });
    CHECK(names == "operator.write operator.pairing ");

    struct Case {
        ScopeSet a, b, both, narrowed;  // narrowed: what of b is in a
    };
    const Case cases[] = {
        {ScopeSet::all(), {Scope::read, Scope::pairing}, {Scope::read, Scope::pairing}, {Scope::read, Scope::pairing}},
        {{Scope::write, Scope::pairing}, {Scope::admin, Scope::read}, {Scope::write, Scope::pairing}, {Scope::read}},
        {{Scope::read}, {Scope::admin}, {Scope::read}, {}},
        {{Scope::read}, {Scope::sessions_write}, {Scope::sessions_read}, {}},
        {{Scope::approvals}, {Scope::pairing}, {}, {}},
        {{}, ScopeSet::all(), {}, {}},
    };
    for (const Case& one : cases) {
        CHECK(one.a.intersection(one.b) == one.both);
        CHECK(one.b.intersection(one.a) == one.both);
        CHECK(one.a.narrowed_to(one.b) == one.narrowed);
    }
    CHECK(ScopeSet{Scope::write, Scope::read} == ScopeSet{Scope::write});
    CHECK_FALSE(ScopeSet{Scope::write} == ScopeSet{Scope::read});
    const ScopeSet both = ScopeSet::all().intersection({Scope::write});
    names.clear();
    both.for_each([&](std::string_view name) { (names += name) += ' '; });
    CHECK(names == "operator.write ");
}

TEST_CASE("auth: the scopes of device tokens are complete and sorted") {
    const auto normal = [](const ScopeList& words) {
        return joined(normalised_scopes(words, std::pmr::get_default_resource()));
    };
    CHECK(
        normal(list({"operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"})) ==
        "operator.admin operator.approvals operator.pairing operator.read operator.write");
    CHECK(normal(list({"operator.admin"})) == "operator.admin operator.read operator.write");
    CHECK(normal(list({"operator.write", "x", "operator.write"})) == "operator.read operator.write x");
    CHECK(normal(list({"read"})) == "operator.read");
    CHECK(normal(list({})).empty());
}

TEST_CASE("auth: a list of a peer is kept within limits") {
    std::vector<std::string> many;
    for (int i = 0; i < 100; ++i) many.push_back("scope" + std::to_string(i));
    std::vector<std::string_view> words(many.begin(), many.end());
    const std::string longest(65, 'x');
    words.insert(words.begin(), {longest, "", "operator.read", "operator.read", "\xff"});
    const ScopeList kept = copy_scopes(words, std::pmr::get_default_resource());
    CHECK(kept.size() == scope_count_max);
    CHECK(kept[0] == "operator.read");
    CHECK(kept[1] == "scope0");
    CHECK(scopes_cover(list({"operator.write", "odd"}), list({"operator.read", "odd"})));
    CHECK_FALSE(scopes_cover(list({"operator.write"}), list({"odd"})));
    CHECK(scopes_cover(list({"operator.admin"}), list({"odd"})));
    CHECK(scopes_cover({}, {}));
    CHECK(role_of("operator") == Role::operator_);
    CHECK(role_of("node") == Role::node);
    CHECK_FALSE(role_of("admin"));
}

}  // namespace gw::auth
