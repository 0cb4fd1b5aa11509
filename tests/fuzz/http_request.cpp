// Requests: whatever the bytes are, a server hands out the same events however they are cut, and stays within its
// bounds.
#include "http1/transcript.h"
#include "support/fuzz.h"

namespace {

constexpr gw::http1::Limits limits{256, 512, 12, 4096};

std::string read(const std::vector<std::string_view>& pieces) {
    gw::test::ServerTranscript server(limits);
    for (const std::string_view piece : pieces) {
        server.feed(piece);
        // A head of at most 768 bytes, the list of its fields, a trailer, a chunk line, what waits: each a few blocks.
        gw::fuzz::check(server.out.pool()->bytes_out() <= 256 * 1024, "memory is bounded");
        gw::fuzz::check(!server.failed || server.server.error_status() != 0 || server.server.should_close(),
                        "a failure has a status or closes");
    }
    server.finish();
    return server.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const gw::fuzz::Input input = gw::fuzz::cut(data, size);
    gw::fuzz::check(read(input.pieces) == read({input.whole}), "any split gives the events of the whole");
    return 0;
}
