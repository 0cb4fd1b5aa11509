// What a look behind disguises costs, per piece, by the text it is looking at.
//
//     <view>/<text>/<piece>    plain, shell, leet: take_same(), and feed() where that is not enough; runs: RunDecoder
#include "bench.h"
#include "guardrail/decode.h"
#include "guardrail/view.h"
#include "inputs.h"

namespace gw::bench {
namespace {

std::string text_of(std::string_view part) {
    std::string text;
    while (text.size() < wire_bytes) text += part;
    return text;
}

std::string random_base64() {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text(wire_bytes, ' ');
    std::uint64_t state = 1;
    for (char& c : text) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        c = digits[state >> 58U];
    }
    return text;
}

struct Text {
    std::string_view name;
    std::string bytes;
};

// Every pass begins the text anew, so that all of them do the same work.
template <class View>
void show(benchmark::State& state, std::string_view text) {
    Memory memory;
    std::pmr::string out(&memory.resource);
    std::pmr::vector<guardrail::Change> changes(&memory.resource);
    const std::size_t size = piece_size(state);
    run(state, memory.host, (text.size() + size - 1) / size, text.size(), [&] {
        View view;
        std::size_t pieces = 0;
        for_each_piece(text, size, [&](std::string_view piece) {
            ++pieces;
            if (view.take_same(piece)) return;
            out.clear();
            changes.clear();
            view.feed(piece, out, changes);
            benchmark::DoNotOptimize(out.data());
        });
        benchmark::DoNotOptimize(view.view_offset());
        return pieces;
    });
}

void open_runs(benchmark::State& state, std::string_view text) {
    Memory memory;
    std::pmr::string out(&memory.resource);
    std::pmr::vector<guardrail::RunEvent> events(&memory.resource);
    const std::size_t size = piece_size(state);
    run(state, memory.host, (text.size() + size - 1) / size, text.size(), [&] {
        guardrail::RunDecoder decoder;
        std::size_t pieces = 0;
        for_each_piece(text, size, [&](std::string_view piece) {
            out.clear();
            events.clear();
            decoder.feed(piece, out, events);
            ++pieces;
        });
        benchmark::DoNotOptimize(decoder.offset());
        return pieces;
    });
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
    using namespace gw;
    using namespace gw::bench;
    static const Text texts[] = {
        {"prose",
         text_of("A lighthouse keeper counts ships, not hours. When the fog is thick he winds the bell by hand, "
                 "and the sound carries about four miles over flat water.\n\nNobody answers, but he writes it down. ")},
        {"prose_json", prose(wire_bytes)},
        {"chinese",
         text_of("流式检查器在文本离开之前查看每一个字节，并且不会延迟不属于匹配的内容。“规则”编译成一个自动机——"
                 "每个字节的工作量是恒定的！")},
        {"cyrillic",
         text_of("Съешь же ещё этих мягких французских булок, да выпей чаю. Проверка потока не задерживает текст. ")},
        {"json",
         text_of(R"({\"command\": \"grep -rn \\\"needle\\\" src | head -20\", \"path\": \"C:\\\\tmp\", \"n\": 20}\n)")},
        {"base64", random_base64()},
        {"base64_text", text_of("VGhlIHN0cmVhbWluZyBpbnNwZWN0b3IgbG9va3MgYXQgZXZlcnkgYnl0ZS4g")},
        {"escapes", text_of("&lt&a%e4%b\\u00\\ud835\\ud8&#12${x:-")},
    };
    for (const Text& text : texts) {
        const std::string name(text.name);
        sweep("plain/" + name, [&](benchmark::State& state) { show<guardrail::PlainView>(state, text.bytes); });
        sweep("shell/" + name, [&](benchmark::State& state) { show<guardrail::ShellView>(state, text.bytes); });
        sweep("leet/" + name, [&](benchmark::State& state) { show<guardrail::LeetView>(state, text.bytes); });
        sweep("runs/" + name, [&](benchmark::State& state) { open_runs(state, text.bytes); });
    }
    return run_all(argc, argv);
}
