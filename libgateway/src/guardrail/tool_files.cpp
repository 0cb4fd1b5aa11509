// Files and hosts in the arguments of a tool.
#include "core/text.h"
#include "guardrail/tool_reader.h"

namespace gw::guardrail::tools {

namespace {

// A host where a key says that there is one, but a name without a dot may be anything.
bool is_bare_host(std::string_view text) noexcept {
    if (text.empty() || has_blank(text) || std::string_view("/~.").find(text[0]) != std::string_view::npos)
        return false;
    if (text.find('@') != std::string_view::npos) return false;
    const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
    return authority.find('.') != std::string_view::npos || authority.find(':') != std::string_view::npos ||
           starts_with_ignoring_case(authority, "localhost");
}

}  // namespace

void CallReader::touch(Deeds& deeds, Deed deed, std::string_view path, Span span) {
    if (path.empty() || path == "-") return;
    deeds.span = deeds.paths.empty() && deeds.contacts.empty() ? span : hull(deeds.span, span);
    deeds.paths.push_back({deed, path, span});
}

bool CallReader::contact(Deeds& deeds, const Text& text, shell::Bare bare) {
    auto found = read_address(text.bytes, bare, state_.arena);
    if (!found) return false;
    found->span = text.source();
    deeds.span = deeds.paths.empty() && deeds.contacts.empty() ? found->span : hull(deeds.span, found->span);
    deeds.contacts.push_back(*found);
    return true;
}

void CallReader::patch(const Text& text, Deeds& deeds) {
    std::pmr::vector<shell::PatchUse> uses(state_.scratch);
    shell::find_patched(text.bytes, uses);
    for (const shell::PatchUse& use : uses)
        touch(deeds, use.deed, text.bytes.substr(use.begin, use.end - use.begin), text.source(use.begin, use.end));
}

// What happens to a file, by the verb of the tool and the role of the key.
void CallReader::path(const Value& value, const Text& text, const Context& context, Deeds& deeds) {
    std::string_view name = text.bytes;
    const Span span = text.source();
    if (const auto file = shell::read_file_url(name, state_.arena)) name = *file;
    const bool written = key::is_written(value.key);
    const bool source = key::is_source(value.key);
    Verb verb = context.tool.verb;
    if (context.tool.kind != Kind::file && context.content && verb != Verb::edit && verb != Verb::remove)
        verb = Verb::write;
    if ((verb == Verb::read || verb == Verb::none) && written) verb = Verb::write;
    if (verb == Verb::write && source) verb = Verb::read;
    switch (verb) {
    case Verb::none:
    case Verb::read: return touch(deeds, Deed::read, name, span);
    case Verb::write: return touch(deeds, Deed::write, name, span);
    case Verb::create: return touch(deeds, Deed::metadata, name, span);
    case Verb::remove: return touch(deeds, Deed::remove, name, span);
    case Verb::edit: touch(deeds, Deed::read, name, span); return touch(deeds, Deed::write, name, span);
    case Verb::copy: return touch(deeds, written ? Deed::write : Deed::read, name, span);
    case Verb::move:
        touch(deeds, written ? Deed::write : Deed::read, name, span);
        if (!written) touch(deeds, Deed::remove, name, span);
        return;
    }
}

void CallReader::files_and_hosts(All all, const Container& here, const Context& context) {
    Deeds deeds(state_.scratch);
    each(all, here, [&](const Value& value) {
        const std::string_view raw = all.raw(value);
        if (!value.string || raw.empty()) return;
        const bool is_patch = key::is_patch(value.key);
        if (is_patch || (context.tool.verb == Verb::edit && context.tool.kind == Kind::file)) {
            const Text text = all.decode(value);
            if (is_patch || is_patch_text(text.bytes)) return patch(text, deeds);
        }
        if (raw.size() > path_bytes_max || key::is_command(value.key) || key::is_prose(value.key)) return;
        const Text text = all.decode(value);
        const std::string_view bytes = text.bytes;
        if (bytes.find('\n') != std::string_view::npos || bytes.empty()) return;
        if (contact(deeds, text, shell::Bare::refuse)) return;
        if (key::is_address(value.key) && is_bare_host(bytes) && contact(deeds, text, shell::Bare::take)) return;
        const bool is_path = starts_with_ignoring_case(bytes, "file:/") || key::is_path(value.key);
        const bool is_code = context.tool.kind == Kind::code && key::may_be_code(value.key);
        if (is_path || (!is_code && key::may_be_path(value.key) && shell::looks_like_path(bytes)))
            path(value, text, context, deeds);
    });
    if (!deeds.paths.empty() || !deeds.contacts.empty()) reader_.tool(name_, deeds.span, deeds.paths, deeds.contacts);
}

}  // namespace gw::guardrail::tools
