#include <algorithm>
#include <functional>
#include <map>

#include "core/owned.h"
#include "route/path.h"
#include "route/pattern.h"
#include "route/route.h"

namespace gw::route {

namespace {

struct Route {
    Route(std::string_view method_, std::uint32_t target_, std::pmr::memory_resource* memory)
        : method(method_, memory), target(target_), names(memory) {}
    std::pmr::string method;
    std::uint32_t target;
    std::pmr::vector<std::pmr::string> names;  // of the parameters, in the order of the path
};

// One place in the tree of patterns: what may come next, and what ends here.
struct Node {
    explicit Node(std::pmr::memory_resource* memory) : literals(memory), routes(memory) {}
    std::pmr::map<std::pmr::string, Owned<Node>, std::less<>> literals;
    Owned<Node> parameter;
    Owned<Node> wildcard;
    std::pmr::vector<Route> routes;

    [[nodiscard]] const Route* find(std::string_view method) const noexcept {
        const auto found =
            std::find_if(routes.begin(), routes.end(), [&](const Route& r) { return r.method == method; });
        return found == routes.end() ? nullptr : &*found;
    }
};

}  // namespace

struct Router::State {
    explicit State(std::pmr::memory_resource* resource)
        : memory(resource),
          root(resource),
          path(resource),
          values(resource),
          parameters(resource),
          methods(resource),
          allow(resource) {}

    const Route* search(const Node& node, std::size_t index);
    const Route* choose(const Node& node);
    void collect_methods(const Node& node);
    void write_allow();
    Node& child(Node& node, const PatternSegment& segment) const;

    std::pmr::memory_resource* memory;
    Node root;

    // Of the current match().
    std::string_view method;
    bool head = false;
    bool path_known = false;
    Path path;
    std::pmr::vector<std::string_view> values;
    std::pmr::vector<Parameter> parameters;
    std::pmr::vector<std::string_view> methods;  // for Allow; views into the tree
    std::pmr::string allow;
};

Router::Router(std::pmr::memory_resource* memory)
    : state_(std::pmr::polymorphic_allocator<>(memory).new_object<State>(memory)) {}

Router::~Router() { std::pmr::polymorphic_allocator<>(state_->memory).delete_object(state_); }

Node& Router::State::child(Node& node, const PatternSegment& segment) const {
    const auto made = [&](Owned<Node>& place) -> Node& {
        if (place == nullptr) place = make_owned<Node>(memory, memory);
        return *place;
    };
    switch (segment.kind) {
    case PatternSegment::Kind::parameter: return made(node.parameter);
    case PatternSegment::Kind::wildcard: return made(node.wildcard);
    case PatternSegment::Kind::literal: break;
    }
    const auto found = node.literals.find(segment.text);
    if (found != node.literals.end()) return *found->second;
    auto next = make_owned<Node>(memory, memory);
    return *node.literals.emplace(segment.text, std::move(next)).first->second;
}

Result<void> Router::add(std::string_view method, std::string_view pattern, std::uint32_t target) {
    if (!is_token(method)) return Error{GW_ERR_ARGUMENT, 0, "a method is a token"};
    std::pmr::vector<PatternSegment> segments(state_->memory);
    if (const auto parsed = parse_pattern(pattern, segments); !parsed) return parsed.error();

    Node* node = &state_->root;
    Route route(method, target, state_->memory);
    for (const PatternSegment& segment : segments) {
        node = &state_->child(*node, segment);
        if (segment.kind != PatternSegment::Kind::literal) route.names.emplace_back(segment.text);
    }
    if (node->find(method) != nullptr) return Error{GW_ERR_ARGUMENT, 0, "the route is there already"};
    node->routes.push_back(std::move(route));
    return {};
}

// Tries what is next in the order of precedence. A node of the tree belongs to one segment, so that each is visited at
// most once, however the path is made.
const Route* Router::State::search(const Node& node, std::size_t index) {
    if (index == path.count()) return choose(node);
    const std::string_view segment = path.segment(index);
    if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
        if (const Route* route = search(*literal->second, index + 1)) return route;
    }
    if (node.parameter != nullptr && !segment.empty()) {
        values.push_back(segment);
        if (const Route* route = search(*node.parameter, index + 1)) return route;
        values.pop_back();
    }
    if (node.wildcard != nullptr) {
        values.push_back(path.rest(index));
        if (const Route* route = choose(*node.wildcard)) return route;
        values.pop_back();
    }
    return nullptr;
}

// The route for the method among those that end here; if there is none, what they are is kept for Allow.
const Route* Router::State::choose(const Node& node) {
    if (const Route* exact = node.find(method)) return exact;
    if (method == "HEAD") {
        // RFC 9110 9.3.2: what GET has, without the content.
        if (const Route* get = node.find("GET")) {
            head = true;
            return get;
        }
    }
    if (const Route* any = node.find("*")) return any;
    for (const Route& route : node.routes) methods.push_back(route.method);
    path_known = path_known || !node.routes.empty();
    return nullptr;
}

// Every method that some path has.
void Router::State::collect_methods(const Node& node) {
    for (const Route& route : node.routes) {
        if (route.method != "*") methods.push_back(route.method);
    }
    for (const auto& [text, next] : node.literals) collect_methods(*next);
    if (node.parameter != nullptr) collect_methods(*node.parameter);
    if (node.wildcard != nullptr) collect_methods(*node.wildcard);
}

// RFC 9110 10.2.1. HEAD comes with GET; OPTIONS is answered everywhere.
void Router::State::write_allow() {
    methods.push_back("OPTIONS");
    if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) methods.push_back("HEAD");
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    allow.clear();
    for (const std::string_view name : methods) {
        if (!allow.empty()) allow += ", ";
        allow += name;
    }
}

Match Router::match(std::string_view method, std::string_view target) {
    State& state = *state_;
    state.method = method;
    state.head = false;
    state.path_known = false;
    state.values.clear();
    state.parameters.clear();
    state.methods.clear();

    Match match;
    match.outcome = Outcome::bad_path;
    const auto parts = split_target(method, target);
    if (!parts) return match;
    match.path = parts->path;
    match.query = parts->query;

    if (parts->asterisk) {
        state.collect_methods(state.root);
        state.write_allow();
        match.outcome = Outcome::options;
        match.allow = state.allow;
        return match;
    }
    if (!state.path.parse(parts->path)) return match;

    if (const Route* route = state.search(state.root, 0)) {
        for (std::size_t i = 0; i < route->names.size(); ++i) {
            state.parameters.push_back({route->names[i], state.values[i]});
        }
        match.outcome = Outcome::found;
        match.target = route->target;
        match.head = state.head;
        match.parameters = state.parameters;
        return match;
    }
    if (!state.path_known) {
        match.outcome = Outcome::not_found;
        return match;
    }
    state.write_allow();
    match.outcome = method == "OPTIONS" ? Outcome::options : Outcome::method_not_allowed;
    match.allow = state.allow;
    return match;
}

std::string_view Match::parameter(std::string_view name) const noexcept {
    for (const Parameter& each : parameters) {
        if (each.name == name) return each.value;
    }
    return {};
}

}  // namespace gw::route
