// Responses: whatever the bytes are, a client hands out the same events however they are cut. The first byte behind the
// cut size says which requests were sent.
#include "http1/transcript.h"
#include "support/fuzz.h"

namespace {

constexpr gw::http1::Limits limits{256, 512, 12, 4096};

std::string read(std::string_view methods, const std::vector<std::string_view>& pieces) {
    gw::test::ClientTranscript client(methods, limits);
    for (const std::string_view piece : pieces) {
        client.feed(piece);
        gw::fuzz::check(client.out.pool()->bytes_out() <= 256 * 1024, "memory is bounded");
        gw::fuzz::check(!client.failed || !client.client.reusable(), "a failed connection is not used again");
    }
    client.finish();
    return client.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view methods[] = {"GET GET GET", "HEAD GET HEAD", "UPGRADE GET", "POST"};
    const std::string_view sent = methods[data[1] % 4];
    const std::vector<std::uint8_t> cut_and_wire = [&] {
        std::vector<std::uint8_t> bytes(data + 1, data + size);
        bytes[0] = data[0];
        return bytes;
    }();
    const gw::fuzz::Input input = gw::fuzz::cut(cut_and_wire.data(), cut_and_wire.size());
    gw::fuzz::check(read(sent, input.pieces) == read(sent, {input.whole}), "any split gives the events of the whole");
    return 0;
}
