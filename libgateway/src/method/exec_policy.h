// Which programs run without asking: exec-approvals.json, the file that people and clients edit.
//
//     {"version":1, "defaults":{"security","ask","askFallback"},
//      "agents":{"main" or "*":{"security","ask","askFallback","allowlist":[{"id","pattern","lastUsedAt",...}]}}}
//
//     security   deny: nothing runs; allowlist: what a pattern fits; full: everything
//     ask        off: nobody is asked; on-miss: when no pattern fits; always: each time
//     askFallback  what counts when nobody can answer: deny, allowlist, full
//
// Where the file says nothing: allowlist, on-miss, deny. It is read anew for each question, so that an edit counts at
// once; what the gateway changes in it leaves everything else as it was.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "core/buffer.h"
#include "json/json.h"
#include "method/call.h"

namespace gw::method {

// Whether a path fits: `*` is any text without slash, `**` any text, `?` one character that is no slash. A pattern
// without slash fits nothing, but "*" fits everything. A path with `.` or `..` as a segment fits that alone.
[[nodiscard]] bool fits_exec_pattern(std::string_view pattern, std::string_view path) noexcept;

class ExecPolicy {
public:
    static constexpr std::size_t file_bytes_max = 1U << 20U;
    static constexpr std::size_t allowlist_max = 512;  // of one agent

    explicit ExecPolicy(Gate& gate) : gate_(gate) {}

    enum class Verdict : std::uint8_t { allow, ask, deny };
    struct Judgement {
        Verdict verdict = Verdict::deny;
        bool asks_always = false;
        bool allows_unanswered = false;  // when nobody can answer
    };
    // Said elsewhere, in the words of the file; counts where it is stricter. Empty: nothing is said.
    struct Bounds {
        std::string_view security, ask;
    };
    // Of two the stricter one, word by word.
    [[nodiscard]] static Bounds stricter_of(const Bounds& one, const Bounds& other) noexcept;
    // What a session says of itself (sessions.patch). Words that nobody knows are the strictest: people edit that file.
    [[nodiscard]] static Bounds read_bounds(std::string_view security, std::string_view ask) noexcept;
    // May this agent run the program at `path` (absolute, or as it was called; "" fits no pattern but "*")? Notes its
    // use where a pattern fits.
    [[nodiscard]] Judgement judge(std::string_view agent, std::string_view path, std::string_view command,
                                  const Bounds& bounds);
    // From now on without asking. False: that cannot be said of such a program, because it runs others.
    bool allow(std::string_view agent, std::string_view path, std::string_view command);
    [[nodiscard]] static bool may_allow_always(std::string_view path) noexcept;

    // The result of exec.approvals.get.
    void write_snapshot(json::Writer& writer, const Client& reader);
    // exec.approvals.set
    void replace(Call& call);

private:
    struct Edit;
    // The file; empty text and root when there is none or it cannot be read.
    struct File {
        explicit File(Gate& gate) : text(gate.pool()), document(gate.memory()) {}
        Buffer text;
        json::Document document;
        bool exists = false;
    };
    void read(File& file);
    void write(const json::Value& root, const json::Value& socket, const Edit& edit);

    Gate& gate_;
};

}  // namespace gw::method
