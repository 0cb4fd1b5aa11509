#include "exchange/session_lister.h"

#include "method/core.h"
#include "session/rows.h"

namespace gw::exchange {

std::size_t CoreSessionLister::write_sessions(json::Writer& w, std::string_view agent_id, std::size_t count_max) {
    session::ListQuery query;
    query.agent = agent_id;
    query.limit = count_max;
    session::ListPage page(core_.gate.memory());
    w.begin_array();
    // A table that cannot be read has no sessions to show; its own log line says why.
    if (core_.sessions.list(query, core_.gate.unix_ms(), page)) {
        for (const session::Listed& row : page.rows) {
            w.begin_object().member("key", row.key);
            if (const auto name = session::display_name(*row.entry); !name.empty()) w.member("displayName", name);
            w.member("sessionId", row.entry->session_id()).member("updatedAt", row.entry->updated_at_ms()).end_object();
        }
    }
    w.end_array();
    return page.rows.size();
}

}  // namespace gw::exchange
