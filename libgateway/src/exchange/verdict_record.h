// The records of a proxied request and of an agent's run: a line of the event log, and the verdict of an inspection.
#pragma once

#include "endpoint/records.h"
#include "exchange/inspection.h"

namespace gw::exchange {

class Gateway;
class Proxy;

void write_record(Gateway& gateway, Proxy& proxy, const endpoint::Envelope& envelope,
                  const endpoint::RecordPayload& payload);

// What was found, and what follows; counted, too. `envelope` names the request; its direction and severity are set
// here.
void record_verdict(Gateway& gateway, Proxy& proxy, const Inspection& inspection, bool prompt,
                    endpoint::Envelope envelope, std::uint64_t latency_ms);

}  // namespace gw::exchange
