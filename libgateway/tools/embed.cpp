// Turns what travels inside the library into C++; run by the build.
//
//     embed pack <folder> <output.cpp>   a rule pack, as one JSON text. Examples and comments stay behind; whether the
//                                        rules are right is the loader's question.
//     embed page <folder> <output.cpp>   the files of the control page, as they are.
//     embed openapi <file> <output.cpp>  the description of the HTTP API, YAML as one JSON text.
//
// Each text is packed (core/zlib.h): they would be an eighth of the library.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
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

// A PackedText as C++.
std::string to_packed(std::string_view text) {
    std::string packed(compressBound(static_cast<uLong>(text.size())), '\0');
    uLongf size = packed.size();
    compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
              static_cast<uLong>(text.size()), Z_BEST_COMPRESSION);
    return "{{" + to_literals({packed.data(), size}) + ", " + std::to_string(size) + "}, " +
           std::to_string(text.size()) + "}";
}

std::vector<fs::path> files_of(const fs::path& folder, std::string_view ending) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || entry.path().filename().string().starts_with('.')) continue;
        if (ending.empty() || entry.path().extension() == ending) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Writes the file as JSON. False: it is not what it should be, and the build says why.
bool write_yaml(const fs::path& path, gw::json::Writer& json) {
    Tree tree(std::pmr::get_default_resource());
    const std::string bytes = read(path);
    const bool is_read = tree.read_yaml(bytes);
    for (const auto& problem : tree.problems()) {
        std::fprintf(stderr, "%s:%u:%u: %.*s\n", path.c_str(), problem.place.line, problem.place.column,
                     static_cast<int>(problem.what.size()), problem.what.data());
    }
    if (!is_read || !tree.problems().empty()) return false;
    write(tree, tree.root(), json);
    return true;
}

// A function that gives the text back.
void write_function(std::string_view text, std::string_view name, std::string_view header, std::string_view space,
                    std::ostream& out) {
    out << "// Made from YAML by tools/embed.cpp.\n#include \"" << header << "\"\n\nnamespace " << space
        << " {\n\nPackedText " << name << "() noexcept {\n    return " << to_packed(text) << ";\n}\n\n}  // namespace "
        << space << "\n";
}

bool write_pack(const fs::path& folder, std::ostream& out) {
    gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer buffer(pool.get());
    gw::json::Writer json(buffer);
    json.begin_object().key("files").begin_object();
    for (const fs::path& path : files_of(folder, ".yaml")) {
        json.key(fs::relative(path, folder).generic_string());
        if (!write_yaml(path, json)) return false;
    }
    json.end_object().end_object();
    write_function(buffer.text(), "default_pack_json", "guardrail/pack.h", "gw::guardrail", out);
    return true;
}

bool write_openapi(const fs::path& file, std::ostream& out) {
    gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer buffer(pool.get());
    gw::json::Writer json(buffer);
    if (!write_yaml(file, json)) return false;
    write_function(buffer.text(), "openapi_json", "endpoint/openapi.h", "gw::endpoint", out);
    return true;
}

// FNV-1a: tells one build of our own file from another, no more.
std::uint64_t fingerprint(std::string_view text) noexcept {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

bool write_page(const fs::path& folder, std::ostream& out) {
    out << "// Made from page/ by tools/embed.cpp.\n#include \"endpoint/own_page.h\"\n\n"
           "namespace gw::endpoint {\n\nnamespace {\n\n";
    std::string table;
    std::size_t count = 0;
    for (const fs::path& path : files_of(folder, {})) {
        const std::string text = read(path);
        const std::string name = "file_" + std::to_string(count++);
        out << "constexpr PackedText " << name << " = " << to_packed(text) << ";\n";
        table += "    {" + to_literals(fs::relative(path, folder).generic_string()) + ", " + name + ", " +
                 std::to_string(fingerprint(text)) + "U},\n";
    }
    out << "constexpr PageFile files[] = {\n"
        << table << "};\n\n}  // namespace\n\nstd::span<const PageFile> own_page_files() noexcept { return files; }\n\n"
        << "}  // namespace gw::endpoint\n";
    return count > 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view kind = argc == 4 ? argv[1] : "";
    if (kind != "pack" && kind != "page" && kind != "openapi") {
        std::fprintf(stderr, "usage: embed pack|page|openapi <folder or file> <output.cpp>\n");
        return 2;
    }
    std::ofstream out(argv[3], std::ios::binary | std::ios::trunc);
    const bool done = kind == "pack"   ? write_pack(argv[2], out)
                      : kind == "page" ? write_page(argv[2], out)
                                       : write_openapi(argv[2], out);
    return done && out.flush() ? 0 : 1;
}
