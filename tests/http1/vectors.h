// Reads tests/vectors/http1/*.txt. A case is a block of lines, cases are separated by empty lines:
//
//     # what it shows
//     ? GET HEAD               (responses only: the methods that were asked)
//     > GET / HTTP/1.1\r\n     (bytes on the wire; \r \n \t \0 \\ \xHH; the end of the line itself does not count)
//     < request GET / 1.1      (what comes out, see transcript.h)
#pragma once

#include <string>
#include <vector>

namespace gw::test {

struct Vector {
    std::string name;
    std::string methods;
    std::string wire;
    std::string want;
};

[[nodiscard]] std::vector<Vector> read_vectors(const std::string& file);

}  // namespace gw::test
