#include "endpoint/metrics.h"

#include "support/test.h"

namespace gw::endpoint {

namespace {

bool has_line(std::string_view text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: names, labels and escapes are as Prometheus reads them") {
    test::PooledBuffer out;
    Exposition x(out.buffer);
    x.family("a_total", "counter", "Help.");
    x.sample("a_total", {{"k", "a\\b\"c\nd"}, {"l", ""}}, 18446744073709551615ULL);
    x.single("b", "gauge", "More.", 0);
    Histogram<3> histogram({100, 1000, 2500000});
    for (const std::uint64_t us : {0U, 100U, 101U, 1000U, 5000000U, 12345U}) histogram.observe(us);
    histogram.write(x, "h_seconds", "Times.");
    CHECK(out.buffer.text() ==
          "# HELP a_total Help.\n# TYPE a_total counter\na_total{k=\"a\\\\b\\\"c\\nd\",l=\"\"} 18446744073709551615\n"
          "# HELP b More.\n# TYPE b gauge\nb 0\n"
          "# HELP h_seconds Times.\n# TYPE h_seconds histogram\n"
          "h_seconds_bucket{le=\"0.0001\"} 2\nh_seconds_bucket{le=\"0.001\"} 4\nh_seconds_bucket{le=\"2.5\"} 5\n"
          "h_seconds_bucket{le=\"+Inf\"} 6\nh_seconds_sum 5.013546\nh_seconds_count 6\n");
}

TEST_CASE("metrics: what is counted is there, and a family comes once") {
    ProxyMetrics metrics(std::pmr::new_delete_resource());
    metrics.count_request(MetricRoute::chat, 200);
    metrics.count_request(MetricRoute::chat, 204);
    metrics.count_request(MetricRoute::other, 999);
    metrics.count_request(MetricRoute::health, 0);
    metrics.count_auth_failure(auth::GuardrailOutcome::invalid_token);
    metrics.count_auth_failure(auth::GuardrailOutcome::allowed);
    metrics.count_upstream_failure(UpstreamFailure::status);
    metrics.verdicts.count("SEC-X", guardrail::Action::block);
    metrics.verdicts.count("SEC-X", guardrail::Action::block);
    metrics.verdicts.count("SEC-X", guardrail::Action::alert);
    metrics.records_dropped = 7;
    metrics.added_latency.observe(150);
    test::PooledBuffer out;
    metrics.write(out.buffer);
    const std::string_view text = out.buffer.text();
    for (const std::string line : {
             R"(gateway_requests_total{route="chat",status="2xx"} 2)",
             R"(gateway_requests_total{route="other",status="5xx"} 1)",
             R"(gateway_requests_total{route="health",status="1xx"} 1)",
             R"(gateway_auth_failures_total{reason="invalid_token"} 1)",
             R"(gateway_auth_failures_total{reason="missing_token"} 0)",
             R"(gateway_upstream_errors_total{kind="status"} 1)",
             R"(gateway_guardrail_verdicts_total{rule="SEC-X",action="block"} 2)",
             R"(gateway_guardrail_verdicts_total{rule="SEC-X",action="alert"} 1)",
             R"(gateway_records_dropped_total 7)",
             R"(gateway_added_latency_seconds_bucket{le="0.00025"} 1)",
             R"(gateway_added_latency_seconds_bucket{le="0.0001"} 0)",
         }) {
        INFO(line);
        CHECK(has_line(text, line));
    }
    CHECK(text.back() == '\n');
    std::vector<std::string_view> families;
    for (std::size_t at = text.find("# TYPE "); at != std::string_view::npos; at = text.find("# TYPE ", at + 1))
        families.push_back(text.substr(at, text.find('\n', at) - at));
    const std::size_t count = families.size();
    std::sort(families.begin(), families.end());
    families.erase(std::unique(families.begin(), families.end()), families.end());
    CHECK(families.size() == count);
}

TEST_CASE("metrics: the number of rules is bounded, and no memory is no failure") {
    test::TestHost host;
    HostMemory memory(host.allocator());
    VerdictCounts verdicts(&memory);
    for (int i = 0; i < 2000; ++i) verdicts.count("RULE-" + std::to_string(i), guardrail::Action::alert);
    const auto text_of_counts = [&] {
        test::PooledBuffer out;
        Exposition x(out.buffer);
        verdicts.write(x);
        return std::string(out.buffer.text());
    };
    const std::string text = text_of_counts();
    CHECK(std::count(text.begin(), text.end(), '\n') == 2 + 512 + 1);
    CHECK(has_line(text, R"(gateway_guardrail_verdicts_total{rule="other",action="alert"} 1488)"));

    VerdictCounts poor(&memory);
    host.fail_at(0);
    poor.count("RULE-WITH-A-NAME-THAT-IS-NOT-SHORT", guardrail::Action::block);
    host.fail_never();
    test::PooledBuffer out;
    Exposition x(out.buffer);
    poor.write(x);
    CHECK(has_line(out.buffer.text(), R"(gateway_guardrail_verdicts_total{rule="other",action="block"} 1)"));
}

}  // namespace gw::endpoint
