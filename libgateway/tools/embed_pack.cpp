// Turns a folder with a rule pack into C++ with the same pack as one JSON text: embed_pack <folder> <output.cpp>.
// Examples and comments stay behind. Run by the build; whether the rules are right is the loader's question.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "guardrail/pack_tree.h"
#include "json/json.h"

namespace {

namespace fs = std::filesystem;
using gw::guardrail::pack::Node;
using gw::guardrail::pack::Tree;

void write(const Tree& tree, const Node& node, gw::json::Writer& out) {  // NOLINT(misc-no-recursion)
    switch (node.kind) {
    case Node::Kind::null: out.null(); return;
    case Node::Kind::boolean: out.boolean(node.text.front() == 't' || node.text.front() == 'T'); return;
    case Node::Kind::number: out.number(std::stod(std::string(node.text))); return;
    case Node::Kind::text: out.string(node.text); return;
    case Node::Kind::list: out.begin_array(); break;
    case Node::Kind::map: out.begin_object(); break;
    }
    for (const Node* child = tree.first(node); child != nullptr; child = tree.next(*child)) {
        if (node.kind == Node::Kind::map) {
            if (child->key == "examples") continue;
            out.key(child->key);
        }
        write(tree, *child, out);
    }
    if (node.kind == Node::Kind::map) {
        out.end_object();
    } else {
        out.end_array();
    }
}

std::string to_literals(std::string_view text) {
    constexpr std::size_t line_bytes = 100;
    std::string out = "\"";
    std::size_t column = 0;
    for (const char c : text) {
        if (column >= line_bytes) {
            out += "\"\n    \"";
            column = 0;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7F) {
            char octal[5];
            std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(byte));
            out += octal;
        } else {
            if (c == '"' || c == '\\' || c == '?') out += '\\';  // "??" would begin a trigraph
            out += c;
        }
        ++column;
    }
    return out + '"';
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: embed_pack <folder> <output.cpp>\n");
        return 2;
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer buffer(pool.get());
    gw::json::Writer json(buffer);
    json.begin_object().key("files").begin_object();
    for (const fs::path& path : files) {
        std::ifstream in(path, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        Tree tree(std::pmr::get_default_resource());
        const bool read = tree.read_yaml(bytes);
        for (const auto& problem : tree.problems()) {
            std::fprintf(stderr, "%s:%u:%u: %.*s\n", path.c_str(), problem.place.line, problem.place.column,
                         static_cast<int>(problem.what.size()), problem.what.data());
        }
        if (!read || !tree.problems().empty()) return 1;
        json.key(fs::relative(path, argv[1]).generic_string());
        write(tree, tree.root(), json);
    }
    json.end_object().end_object();
    std::ofstream out(argv[2], std::ios::binary | std::ios::trunc);
    out << "// Made from rules/default by tools/embed_pack.cpp.\n#include \"guardrail/pack.h\"\n\n"
           "namespace gw::guardrail {\n\nnamespace {\n\nconstexpr char default_pack_text[] =\n    "
        << to_literals(buffer.text())
        << ";\n\n}  // namespace\n\nstd::string_view default_pack_json() noexcept {\n"
           "    return {default_pack_text, sizeof default_pack_text - 1};\n}\n\n}  // namespace gw::guardrail\n";
    return out.flush() ? 0 : 1;
}
