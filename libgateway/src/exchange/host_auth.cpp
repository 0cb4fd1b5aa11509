#include "exchange/host_auth.h"

#include <new>

#include "core/buffer.h"
#include "exchange/gateway.h"
#include "exchange/server_conn.h"

namespace gw::exchange {

HostAuth::HostAuth(ServerConn& conn)
    : conn_(conn), ask_(conn.owner(), *this), user_(conn.owner().memory()), scopes_(conn.owner().memory()) {}

HostAuth::~HostAuth() { take_back(); }

bool HostAuth::ask(std::string_view peer, std::string_view credentials) {
    take_back();
    forget();
    request_ = conn_.owner().requests().table.add(conn_);
    Question question;
    question.type = GW_EVENT_AUTH;
    question.host = peer;
    question.data = credentials;
    question.request = request_;
    if (ask_.put(question) == GW_OK) return true;
    take_back();
    return false;
}

void HostAuth::take_back() noexcept {
    ask_.take_back();
    if (request_ != 0) conn_.owner().requests().table.remove(std::exchange(request_, 0));
}

void HostAuth::on_answer(Ask& /*ask*/, const gw_answer& answer) {
    take_back();
    try {
        if (answer.status == GW_OK) {
            user_ = as_text(answer.user);
            scopes_ = as_text(answer.scopes);
        }
        conn_.on_decided(answer.status == GW_OK           ? Outcome::allowed
                         : answer.status == GW_ERR_DENIED ? Outcome::denied
                                                          : Outcome::unavailable);
    } catch (const std::bad_alloc&) {  // a question that ran out of time is answered by a tick, which has no other end
        conn_.fail_no_memory();
    }
}

}  // namespace gw::exchange
