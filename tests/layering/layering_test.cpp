// The picture in docs/architecture.md stays true: which folder of libgateway/src may include which.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "support/test.h"

namespace gw::test {

namespace {

using Names = std::set<std::string>;

const Names codecs{"tls", "http1", "sse", "ws", "dns"};
const Names everything{"core",     "json",    "crypto", "tls",    "http1",    "sse",     "ws",        "dns",
                       "message",  "store",   "config", "auth",   "session",  "route",   "guardrail", "provider",
                       "upstream", "content", "rpc",    "method", "endpoint", "exchange"};

Names without(Names names, const Names& removed) {
    for (const std::string& name : removed) names.erase(name);
    return names;
}

const Names below_front = without(everything, {"rpc", "method", "endpoint", "exchange"});
const std::map<std::string, Names> may_include{
    {"core", {}},
    {"json", {"core"}},
    {"crypto", {"core"}},
    {"tls", {"core", "crypto"}},
    {"http1", {"core", "crypto"}},
    {"sse", {"core", "crypto"}},
    {"ws", {"core", "crypto"}},
    {"dns", {"core"}},
    {"store", {"core", "crypto"}},
    {"message", {"core", "json"}},
    {"config", {"core", "crypto", "json", "message", "store"}},
    {"auth", {"core", "crypto", "json", "message", "store", "config"}},
    {"session", {"core", "crypto", "json", "message", "store"}},
    {"route", {"core", "crypto", "json", "message", "store"}},
    {"guardrail", {"core", "crypto", "json", "message", "store"}},
    {"provider", {"core", "crypto", "json", "message", "http1", "sse"}},
    {"upstream", {"core", "json", "message", "http1", "sse"}},
    {"content", {"core", "crypto", "json", "config", "guardrail", "upstream"}},
    {"rpc", below_front},
    {"method",
     [] {
         Names n = below_front;
         n.insert("rpc");
         return n;
     }()},
    {"endpoint",
     [] {
         Names n = below_front;
         n.insert("rpc");
         return n;
     }()},
    {"exchange", without(everything, {"exchange"})},
    {"api", everything},
};

// The third-party header that each module adapts, and nobody else includes.
const std::map<std::string, std::string> adapts{
    {"llhttp.h", "http1"},   {"wslay/", "ws"},   {"simdjson.h", "json"}, {"sodium.h", "crypto"}, {"crypt.h", "crypto"},
    {"yaml.h", "guardrail"}, {"zlib.h", "core"}, {"uv.h", "none"},       {"re2/", "none"},       {"hs", "none"},
};

// What is wrong with one #include line of a file in `folder`; empty when nothing is.
std::string judge(const std::string& folder, const std::string& line) {
    if (line.rfind("#include", 0) != 0) return {};
    const std::size_t open = line.find_first_of("\"<");
    const std::size_t close = line.find_first_of("\">", open + 1);
    if (open == std::string::npos || close == std::string::npos) return "an #include without a file";
    const std::string file = line.substr(open + 1, close - open - 1);
    if (line[open] == '<') {
        for (const auto& [header, owner] : adapts) {
            if (file.rfind(header, 0) == 0 && (file.find('.') != std::string::npos) && owner != folder &&
                header != "hs") {
                return folder + " includes the third-party header " + file;
            }
        }
        return {};
    }
    const std::string top = file.substr(0, file.find('/'));
    if (top == "gateway" || top == folder) return {};
    const auto row = may_include.find(folder);
    if (row == may_include.end()) return "the folder " + folder + " is not in the table";
    return row->second.count(top) != 0 ? std::string() : folder + " includes " + file;
}

}  // namespace

TEST_CASE("layering: every folder includes what lies below it, and nothing else") {
    std::string wrong;
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(GATEWAY_SOURCE "/libgateway/src")) {
        if (!entry.is_regular_file()) continue;
        ++files;
        const std::string folder =
            std::filesystem::relative(entry.path(), GATEWAY_SOURCE "/libgateway/src").begin()->string();
        std::ifstream text(entry.path());
        for (std::string line; std::getline(text, line);) {
            const std::string what = judge(folder, line);
            if (!what.empty()) wrong += entry.path().filename().string() + ": " + what + "\n";
        }
    }
    CHECK(files > 50);
    CHECK(wrong == "");
}

TEST_CASE("layering: a breach is seen") {
    CHECK(judge("core", "#include \"json/json.h\"") != "");
    CHECK(judge("http1", "#include \"sse/sse.h\"") != "");
    CHECK(judge("endpoint", "#include \"method/chat.h\"") != "");
    CHECK(judge("json", "#include <llhttp.h>") != "");
    CHECK(judge("exchange", "#include <uv.h>") != "");
    CHECK(judge("exchange", "#include \"api/guard.h\"") != "");
    CHECK(judge("exchange", "#include \"http1/http1.h\"") == "");
    CHECK(judge("json", "#include <simdjson.h>") == "");
    CHECK(judge("nowhere", "#include \"core/text.h\"") != "");
}

}  // namespace gw::test
