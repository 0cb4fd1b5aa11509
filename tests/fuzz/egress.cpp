// A report of a client: whatever it says, what is stored of it is bounded, and its record is one line of JSON.
#include "endpoint/egress.h"

#include "json/json.h"
#include "support/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace endpoint = gw::endpoint;
    using gw::fuzz::check;
    std::pmr::memory_resource* memory = std::pmr::new_delete_resource();
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    endpoint::EgressReport report(memory);
    const endpoint::EgressAnswer answer = endpoint::read_egress("application/json", body, report, memory);
    check(answer.status == 204 || answer.status == 400, "accepted, or refused");
    check(answer.text.empty() == (answer.status == 204), "a refusal says why");
    if (answer.status != 204) return 0;
    check(report.target_host.size() <= 253 && report.target_path.size() <= 256 && report.reason.size() <= 512,
          "what is stored is bounded");
    check(report.target_path.find_first_of("?#") == std::string::npos, "a path has no query");
    const gw::BlockPoolOwner pool(gw::Allocator::from(nullptr));
    gw::Buffer line(pool.get());
    endpoint::Envelope envelope;
    envelope.severity = endpoint::severity_of(report.branch, report.decision);
    endpoint::write_record(line, envelope, report.record());
    check(line.text().find('\n') == line.size() - 1, "a record is one line");
    gw::json::Document document(memory);
    check(static_cast<bool>(document.parse(line.text())), "a record is JSON");
    check(document.root()["egress"]["source"].as_string() == "ts", "the source is the client");
    check(document.root()["egress"]["target_host"].as_string().value_or("") == report.target_host,
          "a record says what was reported");
    return 0;
}
