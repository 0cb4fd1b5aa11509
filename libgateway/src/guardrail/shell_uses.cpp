// Paths and hosts in arguments, by the table of programs and, where a table does not say it, by program.
#include "core/text.h"
#include "guardrail/shell_programs.h"

namespace gw::guardrail::shell {

namespace {

using Words = std::span<const Word>;

// Everything that one command names is collected here.
class Finder {
public:
    Finder(Words words, std::pmr::memory_resource* arena, Uses& uses) : words_(words), arena_(arena), uses_(uses) {}

    void by_table(const Program& program);
    void curl_and_wget(const Program& program, bool is_wget);
    void dd();
    void tar();
    void find();
    void socat();
    void git();
    void containers();
    void sed_in_place();
    void code_option(std::string_view prefix);

private:
    void path(Deed deed, std::size_t word, std::string_view text) {
        if (text.empty() || text == "-") return;
        uses_.paths.push_back({deed, word, text});
    }
    // A host or a URL; a file: URL is a file.
    bool contact(std::size_t word, std::string_view text, Bare bare) {
        if (const auto file = read_file_url(text, arena_)) {
            path(Deed::read, word, *file);
            return true;
        }
        const auto found = read_address(text, bare, arena_);
        if (found) uses_.contacts.push_back({word, *found});
        return found.has_value();
    }
    void host_and_port(std::size_t word, std::string_view host, std::string_view port) {
        const std::size_t at = host.rfind('@');
        if (at != std::string_view::npos) host.remove_prefix(at + 1);
        if (!host.empty()) uses_.contacts.push_back({word, make_contact(host, port, arena_)});
    }
    void operands(const Program& program, std::span<const Options::Item> items, bool has_target);
    void option(const Program& program, const Options::Item& item);

    Words words_;
    std::pmr::memory_resource* arena_;
    Uses& uses_;
};

bool is_number(std::string_view text) { return parse_decimal(text).has_value(); }

// host:path of scp and rsync, not C:\path and not ./a:b.
std::size_t remote_colon(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || text.find('/') < colon) return std::string_view::npos;
    if (colon == 1 && text.size() > 2 && text[2] == '\\') return std::string_view::npos;
    return colon;
}

void Finder::option(const Program& program, const Options::Item& item) {
    if (!item.has_value) return;
    if (listed(program.reads, item.name)) {
        if (is_url(item.value))
            contact(item.word, item.value, Bare::refuse);
        else
            path(Deed::read, item.word, item.value);
    }
    if (listed(program.writes, item.name)) path(Deed::write, item.word, item.value);
    if (listed(program.urls, item.name)) contact(item.word, item.value, Bare::take);
    if (listed(program.at, item.name)) {
        const bool form = item.name == "-F" || item.name == "--form";
        std::string_view value = item.value;
        if (form || item.name == "--data-urlencode") {
            const std::size_t mark = value.find_first_of("@<");
            const std::size_t equals = value.find('=');
            if (mark == std::string_view::npos || (form && mark != equals + 1) || (value[mark] == '<' && !form)) return;
            value.remove_prefix(mark + 1);
            value = value.substr(0, value.find(';'));
        } else if (value.starts_with('@')) {
            value.remove_prefix(1);
        } else {
            return;
        }
        path(Deed::read, item.word, value);
    }
}

void Finder::by_table(const Program& program) {
    std::pmr::vector<Options::Item> items(arena_);
    bool no_skip = false;
    bool has_target = false;
    Options options(words_, {program.values, program.reads, program.writes, program.at, program.urls, {}}, false);
    while (const auto item = options.next()) {
        if (item->name.empty()) {
            items.push_back(*item);
            continue;
        }
        no_skip = no_skip || listed(program.no_skip, item->name);
        has_target = has_target || item->name == "-t" || item->name == "--target-directory";
        option(program, *item);
    }
    std::span<const Options::Item> rest(items);
    if (!no_skip) rest = rest.subspan(std::min<std::size_t>(program.skip, rest.size()));
    operands(program, rest, has_target);
}

void Finder::operands(const Program& program, std::span<const Options::Item> items, bool has_target) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string_view text = items[i].value;
        const std::size_t word = items[i].word;
        const bool last = i + 1 == items.size() && i != 0 && !has_target;
        switch (program.operands) {
        case Operands::words: break;
        case Operands::packages:
            if (const std::size_t plus = text.find('+'); is_url(text) && plus < text.find(':'))
                contact(word, text.substr(plus + 1), Bare::refuse);
            else
                contact(word, text, Bare::refuse);
            break;
        case Operands::reads: path(Deed::read, word, text); break;
        case Operands::first_read:
            if (i == 0) path(Deed::read, word, text);
            break;
        case Operands::writes: path(Deed::write, word, text); break;
        case Operands::edits:
            path(Deed::read, word, text);
            path(Deed::write, word, text);
            break;
        case Operands::removes: path(Deed::remove, word, text); break;
        case Operands::metadata: path(Deed::metadata, word, text); break;
        case Operands::copies: path(last ? Deed::write : Deed::read, word, text); break;
        case Operands::moves:
            path(last ? Deed::write : Deed::read, word, text);
            if (!last) path(Deed::remove, word, text);
            break;
        case Operands::archive: path(i == 0 ? Deed::write : Deed::read, word, text); break;
        case Operands::urls: contact(word, text, Bare::take); break;
        case Operands::some_urls:
            if (is_url(text) || starts_with_ignoring_case(text, "file:"))
                contact(word, text, Bare::refuse);
            else if (text.find_first_of("=@ ") == std::string_view::npos &&
                     text.find_first_of(".:") != std::string_view::npos)
                contact(word, text, Bare::take);
            break;
        case Operands::host_port:
            if (i == 0 && !is_number(text))
                host_and_port(word, text, items.size() > 1 ? items[1].value : std::string_view{});
            break;
        case Operands::hosts:
            if (!text.starts_with('+')) contact(word, text.starts_with('@') ? text.substr(1) : text, Bare::take);
            break;
        case Operands::first_host:
            if (i == 0) contact(word, text, Bare::take);
            break;
        case Operands::remote_copies:
            if (is_url(text))
                contact(word, text, Bare::refuse);
            else if (const std::size_t colon = remote_colon(text); colon != std::string_view::npos)
                contact(word, text, Bare::take);
            else
                path(last ? Deed::write : Deed::read, word, text);
            break;
        case Operands::unknown:
            if (is_url(text))
                contact(word, text, Bare::refuse);
            else if (looks_like_path(text))
                path(Deed::read, word, text);
            break;
        }
    }
}

// Both save under the last component of the URL when told so, or always.
void Finder::curl_and_wget(const Program& program, bool is_wget) {
    bool remote_name = is_wget;
    for (const Word& word : words_) {
        if (!is_wget && (word.text == "--remote-name" || word.text == "--remote-name-all")) remote_name = true;
        if (!is_wget && word.text.size() > 1 && word.text[0] == '-' && word.text[1] != '-') {
            const std::string_view flags = word.text.substr(1, word.text.find_first_of("oHdXuFT") - 1);
            if (flags.find('O') != std::string_view::npos) remote_name = true;
        }
    }
    const std::size_t before = uses_.contacts.size();
    by_table(program);
    if (is_wget &&
        std::any_of(uses_.paths.begin(), uses_.paths.end(), [](const PathUse& use) { return use.deed == Deed::write; }))
        return;
    if (is_wget && std::any_of(words_.begin(), words_.end(), [](const Word& word) {
            return word.text == "-qO-" || word.text == "-O-" || word.text == "-O" || word.text == "--spider";
        }))
        return;
    for (std::size_t i = before; remote_name && i < uses_.contacts.size(); ++i) {
        const std::string_view url_path = uses_.contacts[i].contact.path;
        const std::size_t slash = url_path.rfind('/');
        if (slash != std::string_view::npos) path(Deed::write, uses_.contacts[i].word, url_path.substr(slash + 1));
    }
}

void Finder::dd() {
    for (std::size_t i = 0; i < words_.size(); ++i) {
        const std::string_view text = words_[i].text;
        if (text.starts_with("if=")) path(Deed::read, i, text.substr(3));
        if (text.starts_with("of=")) path(Deed::write, i, text.substr(3));
    }
}

// The first argument may be letters without a dash; of them and of -f follows the archive.
void Finder::tar() {
    bool creates = false;
    bool extracts = false;
    std::optional<std::pair<std::size_t, std::string_view>> archive;
    std::pmr::vector<std::size_t> members(arena_);
    bool only_operands = false;
    for (std::size_t i = 0; i < words_.size(); ++i) {
        std::string_view text = words_[i].text;
        const bool letters =
            (i == 0 && !text.empty() && text[0] != '-') || (text.size() > 1 && text[0] == '-' && text[1] != '-');
        if (only_operands) {
            members.push_back(i);
        } else if (text == "--") {
            only_operands = true;
        } else if (text.starts_with("--")) {
            creates = creates || text == "--create" || text == "--append" || text == "--update";
            extracts = extracts || text == "--extract" || text == "--get" || text == "--list";
            if (text.starts_with("--file="))
                archive = {{i, text.substr(7)}};
            else if ((text == "--file") && i + 1 < words_.size())
                archive = {{i + 1, words_[i + 1].text}}, ++i;
            else if ((text == "--directory" || text == "--exclude") && i + 1 < words_.size())
                ++i;
        } else if (letters) {
            if (text[0] == '-') text.remove_prefix(1);
            for (std::size_t j = 0; j < text.size(); ++j) {
                const char c = text[j];
                creates = creates || c == 'c' || c == 'r' || c == 'u';
                extracts = extracts || c == 'x' || c == 't';
                if (c != 'f' && c != 'C' && c != 'T' && c != 'X' && c != 'I') continue;
                const bool attached = i != 0 && j + 1 < text.size();
                const std::size_t word = attached ? i : i + 1;
                if (word >= words_.size()) break;
                const std::string_view value = attached ? text.substr(j + 1) : words_[word].text;
                if (c == 'f') archive = {{word, value}};
                if (c == 'T' || c == 'X') path(Deed::read, word, value);
                if (!attached) ++i;
                break;
            }
        } else {
            members.push_back(i);
        }
    }
    if (archive) path(creates && !extracts ? Deed::write : Deed::read, archive->first, archive->second);
    for (const std::size_t member : members) {
        if (creates) path(Deed::read, member, words_[member].text);
    }
}

// What stands before the expression is searched.
void Finder::find() {
    bool removes = false;
    std::size_t count = 0;
    bool in_paths = true;
    for (std::size_t i = 0; i < words_.size(); ++i) {
        const std::string_view text = words_[i].text;
        removes = removes || text == "-delete";
        if (text == "-newer" && i + 1 < words_.size()) path(Deed::read, i + 1, words_[i + 1].text);
        if ((text == "-fprintf" || text == "-fprint" || text == "-fls") && i + 1 < words_.size())
            path(Deed::write, i + 1, words_[i + 1].text);
        if (text == "-H" || text == "-L" || text == "-P") continue;
        if (text.starts_with('-') || text == "(" || text == "!") in_paths = false;
        if (in_paths) ++count;
        if (in_paths) path(Deed::read, i, text);
    }
    if (!removes) return;
    for (std::size_t i = 0; i < count && i < words_.size(); ++i) path(Deed::remove, i, words_[i].text);
}

// TYPE:value,option=..., for example TCP:host:port, EXEC:program, OPEN:file
void Finder::socat() {
    for (std::size_t i = 0; i < words_.size(); ++i) {
        const std::string_view text = words_[i].text;
        const std::size_t colon = text.find(':');
        if (text.starts_with('-') || colon == std::string_view::npos) continue;
        const std::string_view type = text.substr(0, colon);
        const std::string_view value = text.substr(colon + 1, text.find(',', colon) - colon - 1);
        const auto is = [&](std::string_view prefix) { return starts_with_ignoring_case(type, prefix); };
        if (is("exec") || is("system") || is("shell")) {
            uses_.code.push_back({i, colon + 1});
        } else if (type.size() > 6 && type.find('-') != std::string_view::npos &&
                   (equals_ignoring_case(type.substr(type.size() - 6), "listen"))) {
            continue;
        } else if (is("tcp") || is("udp") || is("openssl") || is("ssl") || is("sctp") || is("socks") || is("proxy")) {
            const std::size_t port = value.rfind(':');
            host_and_port(i, value.substr(0, port),
                          port == std::string_view::npos ? std::string_view{} : value.substr(port + 1));
        } else if (is("file") || is("open") || is("gopen") || is("create") || is("unix") || is("pipe")) {
            path(Deed::read, i, value);
            path(Deed::write, i, value);
        }
    }
}

void Finder::git() {
    static constexpr std::string_view fetching = "clone fetch pull push ls-remote submodule archive";
    const Program& program = find_program("git");
    bool fetches = false;
    bool first = true;
    Options options(words_, {program.values, program.reads, program.writes, {}, {}, {}}, false);
    while (const auto item = options.next()) {
        option(program, *item);
        if (!item->name.empty()) continue;
        if (first) fetches = listed(fetching, item->value);
        first = false;
        const std::size_t at = item->value.find('@');
        if (fetches && (is_url(item->value) || (at != std::string_view::npos && item->value.find(':') > at &&
                                                item->value.find(':') != std::string_view::npos))) {
            contact(item->word, item->value, Bare::take);
        }
    }
}

// A directory of the host that a container gets is read and written.
void Finder::containers() {
    for (std::size_t i = 0; i < words_.size(); ++i) {
        std::string_view text = words_[i].text;
        std::size_t word = i;
        bool mount = text.starts_with("--mount");
        if ((text == "-v" || text == "--volume" || text == "--mount") && i + 1 < words_.size())
            text = words_[word = ++i].text;
        else if (text.starts_with("--volume="))
            text.remove_prefix(9);
        else if (text.starts_with("--mount="))
            text.remove_prefix(8);
        else if (text.starts_with("-v/") || text.starts_with("-v~"))
            text.remove_prefix(2);
        else
            continue;
        if (mount) {
            std::size_t source = text.find("source=");
            if (source == std::string_view::npos) source = text.find("src=");
            if (source == std::string_view::npos) continue;
            text.remove_prefix(text.find('=', source) + 1);
            text = text.substr(0, text.find(','));
        } else {
            text = text.substr(0, text.find(':'));
        }
        if (!looks_like_path(text)) continue;
        path(Deed::read, word, text);
        path(Deed::write, word, text);
    }
}

// sed -i writes what it reads.
void Finder::sed_in_place() {
    const bool in_place = std::any_of(words_.begin(), words_.end(), [](const Word& word) {
        const std::string_view text = word.text;
        return text.starts_with("--in-place") ||
               (text.size() > 1 && text[0] == '-' && text[1] != '-' &&
                text.substr(0, text.find_first_of("ef")).find('i') != std::string_view::npos);
    });
    const std::size_t count = uses_.paths.size();
    for (std::size_t i = 0; in_place && i < count; ++i) path(Deed::write, uses_.paths[i].word, uses_.paths[i].text);
}

// An option that runs something: tar --checkpoint-action=exec=..., ssh -o ProxyCommand=...
void Finder::code_option(std::string_view prefix) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
        const std::string_view text = words_[i].text;
        const std::size_t at = text.find(prefix);
        if (at == 0 || (at == 2 && text.starts_with("-o"))) uses_.code.push_back({i, at + prefix.size()});
    }
}

}  // namespace

void find_uses(std::string_view program, std::span<const Word> words, std::pmr::memory_resource* arena, Uses& uses) {
    Finder finder(words, arena, uses);
    const Program& row = find_program(program);
    if (program == "dd") return finder.dd();
    if (program == "find" || program == "fd" || program == "fdfind") return finder.find();
    if (program == "socat") return finder.socat();
    if (program == "git") return finder.git();
    if (program == "curl" || program == "wget" || program == "wget2")
        return finder.curl_and_wget(row, program != "curl");
    if (program == "tar" || program == "bsdtar" || program == "gtar") {
        finder.tar();
        finder.code_option("--checkpoint-action=exec=");
        finder.code_option("--to-command=");
        finder.code_option("--use-compress-program=");
        return;
    }
    finder.by_table(row);
    if (program == "sed" || program == "gsed") finder.sed_in_place();
    if (program == "ssh" || program == "scp" || program == "sftp" || program == "rsync")
        finder.code_option("ProxyCommand=");
    if (program == "docker" || program == "podman" || program == "nerdctl") finder.containers();
}

}  // namespace gw::guardrail::shell
