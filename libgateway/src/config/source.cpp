#include "config/source.h"

#include <algorithm>

#include "core/text.h"
#include "json/json5.h"

namespace gw::config {

namespace {

constexpr std::string_view include_key = "$include";

// `path` as $include has it, seen from the directory of the file `from`, both below the directory of the main file;
// nothing when it leads out of that.
std::optional<std::pmr::string> resolve(std::string_view from, std::string_view path,
                                        std::pmr::memory_resource* memory) {
    if (path.empty() || path.front() == '/' || path.find('\\') != std::string_view::npos ||
        path.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::pmr::string out(memory);
    if (const std::size_t slash = from.rfind('/'); slash != std::string_view::npos) out = from.substr(0, slash);
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
        if (segment.empty() || segment == ".") continue;
        if (segment == "..") {
            if (out.empty()) return std::nullopt;
            const std::size_t last = out.rfind('/');
            out.resize(last == std::string::npos ? 0 : last);
            continue;
        }
        if (!out.empty()) out += '/';
        out += segment;
    }
    if (out.empty()) return std::nullopt;
    return out;
}

Node convert(const json::Value& value, const json::SourceMap& map, std::uint32_t file,
             std::pmr::memory_resource* memory) {
    Node node(memory);
    node.kind = value.kind();
    node.place = {file, static_cast<std::uint32_t>(map.source_offset(value.offset()))};
    switch (node.kind) {
    case json::Kind::null: break;
    case json::Kind::boolean: node.boolean = value.as_bool().value_or(false); break;
    case json::Kind::number:
        node.integer = value.as_int();
        node.text = value.raw();
        break;
    case json::Kind::string: node.text = value.as_string().value_or(""); break;
    case json::Kind::array:
    case json::Kind::object:
        node.children.reserve(value.size());
        for (json::Value v = value.first(); v.exists(); v = v.next()) {
            Node& child = node.children.emplace_back(convert(v, map, file, memory));
            if (node.kind != json::Kind::object) continue;
            child.key = v.key();
            // The JSON text is compact: the closing quote of the key lies two bytes before the value.
            child.key_place = {file, static_cast<std::uint32_t>(map.source_offset(v.offset() - 2))};
        }
        break;
    }
    return node;
}

class Reader {
public:
    Reader(const Environment& environment, Report& report, std::pmr::vector<Migration>& migrations)
        : environment_(environment),
          report_(report),
          migrations_(migrations),
          memory_(report.memory()),
          chain_(memory_),
          names_(memory_) {}

    // The tree of one file, its includes taken in; nothing after an error.
    std::optional<Node> read(std::uint32_t file);

private:
    bool expand(Node& node, std::uint32_t file);
    std::optional<Node> include(const Node& name, std::uint32_t file);
    std::optional<Node> include_all(Node& names, std::uint32_t file);

    const Environment& environment_;
    Report& report_;
    std::pmr::vector<Migration>& migrations_;
    std::pmr::memory_resource* memory_;
    std::pmr::vector<std::uint32_t> chain_;     // the files that are being read, outermost first
    std::pmr::vector<std::pmr::string> names_;  // of all files, by number
    std::size_t include_bytes_ = 0;
};

std::optional<Node> Reader::read(std::uint32_t file) {
    if (file == 0) names_.emplace_back("");
    std::optional<Node> node = parse_tree(file, report_);
    if (!node) return std::nullopt;
    if (file == 0) migrate(*node, migrations_);
    chain_.push_back(file);
    const bool expanded = expand(*node, file);
    chain_.pop_back();
    if (!expanded) return std::nullopt;
    return node;
}

bool Reader::expand(Node& node, std::uint32_t file) {
    Node* const names = node.find(include_key);
    if (names == nullptr) {
        for (Node& child : node.children) {
            if (!expand(child, file)) return false;
        }
        return true;
    }
    const Place place = names->place;
    std::optional<Node> included = include_all(*names, file);
    if (!included) return false;
    node.children.erase(node.children.begin() + (names - node.children.data()));
    for (Node& child : node.children) {
        if (!expand(child, file)) return false;
    }
    included->key = std::move(node.key);
    included->key_place = node.key_place;
    if (!node.children.empty()) {
        if (!included->is(json::Kind::object)) {
            report_.error(include_key, place, {"has keys beside it, so what it names must be an object"});
            return false;
        }
        node.key = included->key;
        merge(*included, std::move(node));
    }
    node = std::move(*included);
    return true;
}

std::optional<Node> Reader::include_all(Node& names, std::uint32_t file) {
    if (names.is(json::Kind::string)) return include(names, file);
    if (!names.is(json::Kind::array)) {
        report_.error(include_key, names.place, {"must be the name of a file or a list of names"});
        return std::nullopt;
    }
    Node all(memory_);
    all.place = names.place;
    for (const Node& name : names.children) {
        std::optional<Node> one = include(name, file);
        if (!one) return std::nullopt;
        merge(all, std::move(*one));
    }
    return all;
}

std::optional<Node> Reader::include(const Node& name, std::uint32_t file) {
    const auto fail = [&](Report::Pieces message) {
        report_.error(include_key, name.place, message);
        return std::nullopt;
    };
    if (!name.is(json::Kind::string)) return fail({"must be the name of a file or a list of names"});
    if (environment_.read == nullptr) return fail({"needs a configuration that comes from a file"});
    const auto path = resolve(names_[file], name.text, memory_);
    if (!path) return fail({"must be a relative path below the directory of the configuration"});
    for (const std::uint32_t open : chain_) {
        // The main file has no name here. It is caught when its own include comes round again.
        if (names_[open] == *path) return fail({"includes a file that is being included: a circle"});
    }
    if (chain_.size() > include_depth_max) return fail({"is nested more than 10 files deep"});
    if (names_.size() > include_count_max) return fail({"asks for more than 100 files altogether"});
    std::pmr::string text(memory_);
    if (!environment_.read(environment_.user, *path, text)) return fail({"names a file that cannot be read"});
    include_bytes_ += text.size();
    if (include_bytes_ > include_bytes_max) return fail({"asks for more than 16 MiB altogether"});
    const std::uint32_t number = report_.add_file(*path, std::move(text));
    names_.push_back(*path);
    return read(number);
}

}  // namespace

std::optional<Node> parse_tree(std::uint32_t file, Report& report) {
    std::pmr::memory_resource* const memory = report.memory();
    const std::string_view text = report.text(file);
    if (text.size() > file_bytes_max) {
        report.error("", Place{file, 0}, {"the file is larger than 4 MiB"});
        return std::nullopt;
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return Node(memory);  // nothing is an empty object
    std::pmr::string json(memory);
    json::SourceMap map(memory);
    json::Json5Error error{{}, 0, {}, std::pmr::string(memory)};
    if (!json::json5_to_json(text, json, error, &map)) {
        // What stands there is not shown: it may be half of a secret.
        report.error("", Place{file, static_cast<std::uint32_t>(error.offset)}, {"is not JSON5: ", error.what});
        return std::nullopt;
    }
    json::Document document(memory);
    if (const auto parsed = document.parse(json); !parsed) {
        const auto offset = static_cast<std::uint32_t>(map.source_offset(parsed.error().where));
        report.error("", Place{file, offset}, {"is not JSON: ", parsed.error().what});
        return std::nullopt;
    }
    return convert(document.root(), map, file, memory);
}

Node read_tree(std::string_view text, const Environment& environment, Report& report,
               std::pmr::vector<Migration>& migrations) {
    report.add_main(text);
    std::optional<Node> tree = Reader(environment, report, migrations).read(0);
    if (tree && tree->is(json::Kind::object)) return std::move(*tree);
    if (tree) report.error("", tree->place, {"the configuration must be an object: { ... }"});
    return Node(report.memory());
}

}  // namespace gw::config
