#include "guardrail/tool_names.h"

#include <array>

#include "core/text.h"
#include "guardrail/shell_programs.h"

namespace gw::guardrail::tools {

namespace {

using shell::listed;

// The words of a name in lower case: WebFetch, web_fetch and web-fetch are "web" and "fetch".
class Words {
public:
    explicit Words(std::string_view name) noexcept {
        bool lower_before = false;
        bool open = false;
        for (const char c : name.substr(0, 256)) {
            const bool letter = is_alpha(c);
            if (!letter && !is_digit(c)) {
                open = lower_before = false;
                continue;
            }
            const bool upper = c >= 'A' && c <= 'Z';
            if (!open || (upper && lower_before)) {
                if (count_ == words_.size()) return;
                sizes_[count_++] = 0;
                open = true;
            }
            lower_before = letter && !upper;
            std::size_t& size = sizes_[count_ - 1];
            if (size < word_bytes_max) words_[count_ - 1][size++] = ascii_lower(c);
        }
    }
    [[nodiscard]] bool any(std::string_view list) const noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            if (listed(list, word(i))) return true;
        }
        return false;
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::string_view word(std::size_t i) const noexcept { return {words_[i].data(), sizes_[i]}; }

private:
    static constexpr std::size_t word_bytes_max = 24;
    std::array<std::array<char, word_bytes_max>, 16> words_{};
    std::array<std::size_t, 16> sizes_{};
    std::size_t count_ = 0;
};

// The tool behind the name of its server: mcp__github__create_issue, functions.exec, server/tool.
std::string_view last_component(std::string_view name) noexcept {
    std::size_t begin = 0;
    for (std::size_t i = 0; i + 1 < name.size(); ++i) {
        if (name[i] == '.' || name[i] == '/' || name[i] == ':') begin = i + 1;
        if (name[i] == '_' && name[i + 1] == '_') begin = i + 2;
    }
    return name.substr(begin);
}

struct VerbWords {
    std::string_view words;
    Tool::Verb verb;
};
constexpr auto verbs = std::to_array<VerbWords>({
    {"edit multiedit multi replace strreplace patch applypatch insert modify update rewrite undo diff",
     Tool::Verb::edit},
    {"write save append put overwrite download store dump export output", Tool::Verb::write},
    {"delete remove unlink rm erase trash destroy rmdir", Tool::Verb::remove},
    {"move rename mv", Tool::Verb::move},
    {"copy cp duplicate", Tool::Verb::copy},
    {"read view open cat load show head tail list ls glob grep search find tree stat upload attach send get import",
     Tool::Verb::read},
    {"mkdir touch chmod chown", Tool::Verb::create},
    {"create add new", Tool::Verb::write},
});

struct Language {
    std::string_view names;
    std::string_view program;
};
constexpr auto languages = std::to_array<Language>({
    {"python python2 python3 py ipython jupyter notebook", "python3"},
    {"javascript js node nodejs typescript ts deno bun", "node"},
    {"ruby rb", "ruby"},
    {"perl pl", "perl"},
    {"php", "php"},
    {"lua", "lua"},
    {"julia", "julia"},
    {"applescript osascript", "osascript"},
    {"bash sh zsh ksh dash fish shell console terminal", "sh"},
    {"powershell pwsh ps1", "powershell"},
    {"cmd batch bat", "cmd"},
});

constexpr std::string_view shells =
    "bash sh zsh ksh fish shell terminal console powershell pwsh cmd commandline stdin tty subprocess";
constexpr std::string_view runs = "exec execute execution executor run runner command commands process spawn launch";
constexpr std::string_view runs_else =
    "sql query search test tests workflow agent task subagent skill job action plan pipeline request call tool scan "
    "report";
constexpr std::string_view interpreters =
    "python python3 ipython javascript js node nodejs typescript ruby perl php lua repl interpreter applescript";
constexpr std::string_view fetches =
    "fetch http https web browser browse navigate url urls curl wget crawl scrape goto webhook webpage website visit "
    "request rest puppeteer playwright firecrawl";
constexpr std::string_view files =
    "file files filesystem fs directory directories dir folder path document editor notebook disk";

Tool::Verb verb_of(const Words& words) noexcept {
    for (const VerbWords& row : verbs) {
        if (words.any(row.words)) return row.verb;
    }
    return Tool::Verb::none;
}

Tool of_words(const Words& words, bool may_be_web) noexcept {
    using Family = Tool::Kind;
    const Tool::Verb verb = verb_of(words);
    const bool names_files = words.any(files);
    if (words.any(shells)) return {Family::shell, Tool::Verb::none, {}};
    const bool code = words.any("code snippet cell sandbox") && words.any(runs) && !words.any("search");
    if (!names_files && (words.any(interpreters) || code || words.any("eval evaluate"))) {
        std::string_view program;
        for (std::size_t i = 0; i < words.count() && program.empty(); ++i) program = find_language(words.word(i));
        if (program.empty() && may_be_web) program = "node";
        return {Family::code, Tool::Verb::none, program};
    }
    if (may_be_web && !names_files) return {Family::fetch, verb, {}};
    if (verb != Tool::Verb::none &&
        (names_files || words.count() == 1 || words.any("patch applypatch str multi image")))
        return {Family::file, verb, {}};
    if (names_files) return {Family::file, Tool::Verb::read, {}};
    if (words.any(runs) && !words.any(runs_else)) return {Family::shell, Tool::Verb::none, {}};
    return {Family::unknown, verb, {}};
}

}  // namespace

Tool find_tool(std::string_view name) noexcept {
    const Words whole(name);
    const bool web = whole.any(fetches);
    const Tool tool = of_words(Words(last_component(name)), web);
    return tool.kind == Tool::Kind::unknown ? of_words(whole, web) : tool;
}

Tool::Verb find_verb(std::string_view word) noexcept {
    if (word.size() > 24) return Tool::Verb::none;
    if (listed("w a wb ab x", word)) return Tool::Verb::write;  // modes of open()
    const Words words(word);
    return words.count() > 2 ? Tool::Verb::none : verb_of(words);
}

std::string_view find_language(std::string_view name) noexcept {
    for (const Language& language : languages) {
        if (listed(language.names, name)) return language.program;
    }
    return {};
}

namespace key {

bool is_command(std::string_view key) noexcept {
    return listed(
        "command cmd commands cmds commandline cmdline shellcommand bashcommand shell bash powershell sh exec execute "
        "script scripts shellscript bashscript commandstring commandtorun fullcommand terminalcommand",
        key);
}
bool is_list_of_commands(std::string_view key) noexcept { return listed("commands cmds scripts lines", key); }
bool is_shell_input(std::string_view key) noexcept {
    return listed("input code text data chars keys line lines content value stdin source snippet run", key);
}
bool is_program(std::string_view key) noexcept {
    return listed("program executable binary exe command cmd interpreter shell entrypoint", key);
}
bool is_arguments(std::string_view key) noexcept {
    return listed("args argv arguments argumentlist cmdargs params", key);
}
bool is_code(std::string_view key) noexcept {
    return listed("code snippet python pythoncode javascript js jscode sourcecode", key);
}
bool is_page_script(std::string_view key) noexcept { return listed("script function expression", key); }
bool may_be_code(std::string_view key) noexcept { return is_page_script(key) || listed("source input text cell", key); }
bool is_language(std::string_view key) noexcept {
    return listed("language lang runtime interpreter kernel codetype", key);
}
bool is_directory(std::string_view key) noexcept {
    return listed("cwd workdir workingdirectory workingdir currentdirectory currentworkingdirectory", key);
}
bool is_environment(std::string_view key) noexcept {
    return listed("env environment environ envs envvars environmentvariables", key);
}
bool is_standard_input(std::string_view key) noexcept { return listed("stdin standardinput", key); }
bool is_path(std::string_view key) noexcept {
    return listed(
        "path filepath filename file paths files filepaths filenames targetfile absolutepath notebookpath "
        "relativeworkspacepath relativepath fullpath localpath oldpath newpath sourcepath destinationpath srcpath "
        "destpath outputpath inputpath outputfile inputfile outfile infile savepath imagepath directorypath "
        "searchpath mediapath downloadpath uploadpath attachment attachments directory dir folder "
        "searchdirectory",
        key);
}
bool may_be_path(std::string_view key) noexcept {
    return listed("target source src destination dest from to input output uri location root media image name", key);
}
bool is_written(std::string_view key) noexcept {
    return listed(
        "destination dest newpath destinationpath destpath outputpath output outputfile outfile savepath "
        "downloadpath to",
        key);
}
bool is_source(std::string_view key) noexcept {
    return listed("source src oldpath sourcepath srcpath from inputpath inputfile infile input", key);
}
bool is_content(std::string_view key) noexcept {
    return listed(
        "content contents filetext newstr newstring oldstr oldstring text data body newsource edits filecontent "
        "codeedit newcontent inserttext replacementchunks replacement newtext",
        key);
}
bool is_patch(std::string_view key) noexcept { return listed("patch diff patchtext unifieddiff", key); }
bool is_verb(std::string_view key) noexcept { return listed("command action operation op mode", key); }
bool is_address(std::string_view key) noexcept {
    return listed(
        "url uri href link endpoint host hostname address origin website webhook webhookurl baseurl targeturl "
        "urls server domain site remoteurl repository callbackurl",
        key);
}
bool is_prose(std::string_view key) noexcept {
    return listed(
        "description explanation reason title message text body content contents prompt query question note "
        "comment subject summary justification thought thinking instructions pattern regex filetext newstr oldstr "
        "newstring oldstring newsource data justificationtext commitmessage task goal",
        key);
}
bool is_tool_name(std::string_view key) noexcept {
    return listed("tool toolname name recipientname function functionname", key);
}
bool is_tool_input(std::string_view key) noexcept {
    return listed("args arguments parameters params input toolinput payload", key);
}

}  // namespace key

}  // namespace gw::guardrail::tools
