#include "config/tree.h"

namespace gw::config {

namespace {

void write_line(Buffer& out, std::size_t depth) {
    out.append('\n');
    for (std::size_t i = 0; i < depth; ++i) out.append("  ");
}

void write_quoted(Buffer& out, std::string_view text) {
    out.append('"');
    json::append_escaped(out, text);
    out.append('"');
}

void write_lines(Buffer& out, const Node& node, std::size_t depth) {
    switch (node.kind) {
    case json::Kind::null: out.append("null"); return;
    case json::Kind::boolean: out.append(node.boolean ? "true" : "false"); return;
    case json::Kind::number: out.append(node.text); return;
    case json::Kind::string: write_quoted(out, node.text); return;
    case json::Kind::array:
    case json::Kind::object: break;
    }
    const bool object = node.is(json::Kind::object);
    out.append(object ? '{' : '[');
    for (const Node& child : node.children) {
        if (&child != &node.children.front()) out.append(',');
        write_line(out, depth + 1);
        if (object) {
            write_quoted(out, child.key);
            out.append(": ");
        }
        write_lines(out, child, depth + 1);
    }
    if (!node.children.empty()) write_line(out, depth);
    out.append(object ? '}' : ']');
}

}  // namespace

void write_tree(json::Writer& out, const Node& node) {
    switch (node.kind) {
    case json::Kind::null: out.null(); return;
    case json::Kind::boolean: out.boolean(node.boolean); return;
    case json::Kind::number: out.raw(node.text); return;
    case json::Kind::string: out.string(node.text); return;
    case json::Kind::array:
        out.begin_array();
        for (const Node& child : node.children) write_tree(out, child);
        out.end_array();
        return;
    case json::Kind::object:
        out.begin_object();
        for (const Node& child : node.children) {
            out.key(child.key);
            write_tree(out, child);
        }
        out.end_object();
        return;
    }
}

void write_tree_as_lines(Buffer& out, const Node& node) {
    write_lines(out, node, 0);
    out.append('\n');
}

}  // namespace gw::config
