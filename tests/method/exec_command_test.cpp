#include "method/exec_command.h"

#include "support/test.h"

namespace gw::test {

TEST_CASE("exec command: words, or a line for a shell") {
    struct Case {
        std::string_view command;
        std::vector<std::string_view> words;  // empty with `shell`: the command itself
        bool shell = false;
    };
    const Case cases[] = {
        {"ls", {"ls"}},
        {"  ls\t-l  /tmp \n", {"ls", "-l", "/tmp"}},
        {"git commit -m 'a  b'", {"git", "commit", "-m", "a  b"}},
        {R"(echo "a \"b\" \\ \n" 'c"d')", {"echo", R"(a "b" \ \n)", "c\"d"}},
        {R"(echo a\ b \'x\')", {"echo", "a b", "'x'"}},
        {"echo a'b'\"c\"d", {"echo", "abcd"}},
        {"echo '' \"\"", {"echo", "", ""}},
        {"grep -E 'a|b' x.txt", {"grep", "-E", "a|b", "x.txt"}},
        {"git -c a=b log", {"git", "-c", "a=b", "log"}},
        {"echo a#b x~", {"echo", "a#b", "x~"}},
        {"echo %d 100% ^ @ , : - +", {"echo", "%d", "100%", "^", "@", ",", ":", "-", "+"}},
        {"", {}},
        {" \n ", {}},
        {"''", {}},
        {"ls | wc", {}, true},
        {"ls > x", {}, true},
        {"ls < x", {}, true},
        {"a; b", {}, true},
        {"a && b", {}, true},
        {"a &", {}, true},
        {"echo $HOME", {}, true},
        {"echo \"$HOME\"", {}, true},
        {"echo `id`", {}, true},
        {"echo \"`id`\"", {}, true},
        {"echo *.txt", {}, true},
        {"echo a?", {}, true},
        {"echo [ab]", {}, true},
        {"echo {a,b}", {}, true},
        {"echo ~/x", {}, true},
        {"echo #x", {}, true},
        {"A=b c", {}, true},
        {"(ls)", {}, true},
        {"a\nb", {}, true},
        {"echo 'x", {}, true},
        {"echo \"x", {}, true},
        {"echo x\\", {}, true},
        {"cd /tmp", {}, true},
        {"exec ls", {}, true},
        {"! true", {}, true},
        {"if true", {}, true},
        {"'cd' /tmp", {}, true},
    };
    for (const Case& one : cases) {
        INFO(one.command);
        const method::ExecCommand read = method::read_exec_command(one.command, std::pmr::get_default_resource());
        CHECK(read.is_shell == one.shell);
        const std::vector<std::string_view> words(read.words.begin(), read.words.end());
        if (one.shell) {
            CHECK(words == std::vector<std::string_view>{"/bin/sh", "-c", one.command});
        } else {
            CHECK(words == one.words);
        }
    }
}

TEST_CASE("exec command: random ones are split into words that mean the same, or left to a shell whole") {
    Random random(11);
    const std::string_view pieces[] = {"a", "b c", " ", "'", "\"", "\\", "$", "|", ";", "x=y", "~", "#", "\n", "-n"};
    for (int i = 0; i < 2000; ++i) {
        std::string text = "p";
        for (std::size_t n = random.below(12); n > 0; --n) text += pieces[random.below(std::size(pieces))];
        INFO(text);
        const method::ExecCommand read = method::read_exec_command(text, std::pmr::get_default_resource());
        REQUIRE_FALSE(read.words.empty());
        if (read.is_shell) {
            CHECK(text.starts_with(std::string_view(read.words[2])));
        } else {
            // Written with every word in quotes it is the same command.
            std::string quoted;
            for (const auto& word : read.words) {
                quoted += " '";
                for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
                quoted += '\'';
            }
            CHECK(method::read_exec_command(quoted, std::pmr::get_default_resource()).words == read.words);
        }
    }
}

}  // namespace gw::test
