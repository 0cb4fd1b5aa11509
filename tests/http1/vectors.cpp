#include "http1/vectors.h"

#include <sstream>

#include "core/text.h"
#include "support/test.h"

namespace gw::test {

namespace {

std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
        case 'r': out += '\r'; break;
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case '0': out += '\0'; break;
        case 'x':
            out += static_cast<char>(hex_value(text.at(i + 1)) * 16 + hex_value(text.at(i + 2)));
            i += 2;
            break;
        default: out += text[i];
        }
    }
    return out;
}

}  // namespace

std::vector<Vector> read_vectors(const std::string& file) {
    std::istringstream lines(read_vector("http1/" + file));
    std::vector<Vector> out;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        INFO(file << ": " << line);
        REQUIRE(line.size() >= 2);
        if (line[0] == '#') out.push_back({line.substr(2), "", "", ""});
        REQUIRE(!out.empty());
        switch (line[0]) {
        case '#': break;
        case '?': out.back().methods = line.substr(2); break;
        case '>': out.back().wire += unescape(line.substr(2)); break;
        case '<': out.back().want += line.substr(2) + "\n"; break;
        default: FAIL("a line of an unknown kind");
        }
    }
    REQUIRE(!out.empty());
    return out;
}

}  // namespace gw::test
