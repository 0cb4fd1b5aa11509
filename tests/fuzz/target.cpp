// A target URL, a request path and an overlay: what is allowed was meant by the text, as a strict reader sees it.
#include "upstream/target.h"

#include "support/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace upstream = gw::upstream;
    using gw::fuzz::check;
    // Three lines: target, path, overlay.
    std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto take_line = [&text] {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        return line;
    };
    const std::string_view target = take_line();
    const std::string_view path = take_line();
    std::pmr::memory_resource* memory = std::pmr::new_delete_resource();

    upstream::KnownProviders known(memory);
    std::pmr::vector<upstream::OverlayProblem> problems(memory);
    const bool applied = known.set_overlay(text, problems);
    check(applied == problems.empty(), "an overlay is applied when nothing is wrong with it");
    check(problems.size() <= upstream::KnownProviders::problems_max, "the list of problems is bounded");
    for (const upstream::OverlayProblem& problem : problems)
        check(problem.offset <= text.size(), "a problem lies in the text");

    upstream::TargetRules rules;
    rules.known = &known;
    rules.allow_unknown_llm_domains = true;
    const auto inspect = [&](const upstream::Judgement& judged) {
        check(judged.allowed() == judged.message.empty(), "a refusal has a message");
        if (!judged.allowed()) return;
        const auto url = upstream::parse_url(target);
        check(url && url->host == judged.url.host, "what is allowed is a URL");
        check(target.find('@') == std::string_view::npos || target.find('@') > target.find('/', 8),
              "what is allowed has no user information");
        const auto kind = upstream::classify_host(judged.url.host);
        check(kind == upstream::AddressKind::not_an_address || kind == upstream::AddressKind::global ||
                  judged.branch == upstream::Branch::known || judged.reason == "ollama-loopback",
              "a private address is allowed by name only");
    };
    inspect(upstream::judge_chat_target(target, rules));
    for (const upstream::BodyShape shape : {upstream::BodyShape::none, upstream::body_shape(text, memory)})
        inspect(upstream::judge_target(target, path, shape, rules, memory));
    const std::pmr::string joined = upstream::join_overlapping_path(target.substr(0, 2048), path, memory);
    check(joined.size() <= target.size() + path.size() + 1, "joining adds at most a slash");
    static_cast<void>(upstream::parse_network(path));
    return 0;
}
