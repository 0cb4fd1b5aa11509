// StaticRun: one request for a file, from the name to the last byte.
//
//     Page ── open ──► OpenFile ── piece by piece, as fast as the client takes them ──► client
//                 └──► 304, 404, 416, 503
//
// Never more of a file is in memory than one piece and what waits for the client (gw_limits.output_bytes_high). The
// exception are HTML pages up to a bound: their scripts have to be hashed before the head of the answer can be written.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "core/buffer.h"
#include "core/owned.h"
#include "endpoint/control_pages.h"
#include "endpoint/static_files.h"
#include "exchange/http_run.h"
#include "http1/http1.h"
#include "store/files.h"

namespace gw::exchange {

class Gateway;
class ServerConn;

class StaticRun final : public HttpRun {
public:
    // For a GET or HEAD; `page` is a view of the request's path.
    StaticRun(Gateway& gateway, ServerConn& client, const endpoint::Page& page) noexcept;
    void start(std::string_view body) override;
    void on_drained() override;

    // What agents show is for this machine, and for those whose credentials are right.
    [[nodiscard]] static bool may_see_canvas(ServerConn& client);
    // Says in the log when the configured directory has no page. Called once.
    static void check(Gateway& gateway);

private:
    enum class Look : std::uint8_t { page, picture, canvas };  // which fields go along
    void answer_page(const endpoint::Page& page);
    void answer_canvas(const endpoint::Page& page);
    void answer_live_script();
    void answer_avatar(const endpoint::Page& page);
    void answer_settings(const endpoint::Page& page);
    void redirect(std::string_view path);
    void not_found();
    [[nodiscard]] Result<Owned<store::OpenFile>> open(std::string_view root, std::string_view path);
    // A file of the control page: of the configured one, or, when `root` is empty, of our own.
    [[nodiscard]] Result<Owned<store::OpenFile>> open_page(std::string_view root, std::string_view path);
    [[nodiscard]] Owned<store::OpenFile> open_avatar(const config::Agent& agent, std::string_view path);
    void send(Owned<store::OpenFile> file, std::string_view path, Look look);
    void send_pieces();

    Gateway& gateway_;
    ServerConn& client_;
    endpoint::Page page_;
    Owned<store::OpenFile> file_;
    std::uint64_t next_ = 0, left_ = 0;  // of the file
};

}  // namespace gw::exchange
