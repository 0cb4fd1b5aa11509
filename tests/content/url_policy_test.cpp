#include "content/url_policy.h"

#include "support/test.h"

namespace gw::test {

namespace {

std::pmr::memory_resource* const memory = std::pmr::new_delete_resource();

struct Listed {
    explicit Listed(std::initializer_list<std::string_view> hosts) : rules(memory) {
        rules.url_allowlist.assign(hosts.begin(), hosts.end());
    }
    config::AttachmentRules rules;
};

}  // namespace

TEST_CASE("content: which URLs are fetched") {
    constexpr std::string_view no_url = "is no http or https URL", private_address = "leads to a private address",
                               machine = "leads to this machine", odd = "has an address in an unusual spelling",
                               port = "names a port that does not serve the web", fault = "is no valid URL: other";
    struct Case {
        std::string_view url, want;  // the beginning of the problem; "" when it is allowed
    };
    const Case cases[] = {
        {"https://example.com/a.png", ""},
        {"HTTP://Example.COM", ""},
        {"http://example.com:8080/?q=1#top", ""},
        {"https://example.com#@10.0.0.1/", ""},
        {"http://93.184.216.34/", ""},
        {"http://[2606:2800:220:1::1]/", ""},
        {"ftp://example.com/", no_url},
        {"file:///etc/passwd", no_url},
        {"gopher://example.com/", no_url},
        {"javascript:alert(1)", no_url},
        {"//example.com/", no_url},
        {"example.com", no_url},
        {"", no_url},
        {"http://user:secret@example.com/", "has a user name or password in it"},
        {"http://example.com@10.0.0.1/", "has a user name or password in it"},
        {"http://exa mple.com/", fault},
        {"http://example.com/\r\nHost: x", fault},
        {"http://example.com\\@10.0.0.1/", "has a user name"},
        {"http://b\xC3\xBC"
         "cher.example/",
         fault},
        {"http://", fault},
        {"http://%31%30.0.0.1/", fault},
        {"http://[fe80::1%25eth0]/", fault},
        {"http://[::1/", fault},
        {"http://example.com:99999/", fault},
        {"http://example.com:0/", fault},
        {"http://example.com:22/", port},
        {"http://example.com:25/", port},
        {"http://example.com:6667/", port},
        // this machine, in every spelling
        {"http://localhost/", machine},
        {"http://LOCALHOST./", machine},
        {"http://a.localhost/", machine},
        {"http://127.0.0.1/", private_address},
        {"http://127.0.0.1./", odd},
        {"http://127.1/", odd},
        {"http://2130706433/", odd},
        {"http://0x7f000001/", odd},
        {"http://0x7f.1/", odd},
        {"http://0177.0.0.1/", odd},
        {"http://017700000001/", odd},
        {"http://0/", odd},
        {"http://0.0.0.0/", private_address},
        {"http://[::1]/", private_address},
        {"http://[::]/", private_address},
        {"http://[::ffff:127.0.0.1]/", private_address},
        {"http://[::ffff:7f00:1]/", private_address},
        {"http://[::127.0.0.1]/", private_address},
        {"http://[64:ff9b::7f00:1]/", private_address},
        {"http://[2002:7f00:1::]/", private_address},
        {"http://[2001:db8::1]/", private_address},
        {"http://999.1.1.1/", odd},
        {"http://1.2.3.4.5/", odd},
        // private networks and metadata
        {"http://10.0.0.1/", private_address},
        {"http://172.16.0.1/", private_address},
        {"http://192.168.1.1:8080/", private_address},
        {"http://100.64.0.1/", private_address},
        {"http://169.254.169.254/latest/meta-data/", private_address},
        {"http://[fd00:ec2::254]/", private_address},
        {"http://[fe80::1]/", private_address},
        {"http://224.0.0.1/", private_address},
        {"http://3232235777/", odd},
        {"http://134744072/", odd},  // 8.8.8.8, but nobody writes that
    };
    const Listed any{};
    for (const Case& c : cases) {
        INFO(c.url);
        const auto judged = content::judge_url(c.url, any.rules);
        CHECK(judged.problem.substr(0, c.want.size()) == c.want);
        CHECK(judged.allowed() == c.want.empty());
    }
    CHECK_FALSE(content::judge_url("http://example.com/" + std::string(9000, 'a'), any.rules).allowed());
    Listed off{};
    off.rules.allow_url = false;
    CHECK_FALSE(content::judge_url("https://example.com/", off.rules).allowed());
}

TEST_CASE("content: a private network that is opened stays closed for metadata") {
    Listed open{};
    open.rules.allow_private_network = true;
    for (const std::string_view url : {"http://127.0.0.1:8080/", "http://localhost:8080/", "http://10.0.0.1/",
                                       "http://[::1]/", "http://[fd00::1]/", "http://example.com/"}) {
        INFO(url);
        CHECK(content::judge_url(url, open.rules).problem == "");
    }
    for (const std::string_view url : {"http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
                                       "http://[fe80::1]/", "http://0.0.0.0/", "http://0x7f.1/"}) {
        INFO(url);
        CHECK_FALSE(content::judge_url(url, open.rules).allowed());
    }
}

TEST_CASE("content: lists of hosts") {
    const Listed list{"cdn.example.com", "*.assets.example.com", "93.184.216.34"};
    struct Case {
        std::string_view host;
        bool want;
    };
    const Case cases[] = {
        {"cdn.example.com", true},
        {"CDN.example.com.", true},
        {"a.assets.example.com", true},
        {"a.b.assets.example.com", true},
        {"assets.example.com", false},  // not the apex
        {".assets.example.com", false},
        {"xassets.example.com", false},
        {"example.com", false},
        {"x.cdn.example.com", false},
        {"cdn.example.com.evil.org", false},
        {"93.184.216.34", true},
        {"", false},
    };
    for (const Case& c : cases) {
        INFO(c.host);
        CHECK(content::host_listed(c.host, list.rules.url_allowlist) == c.want);
    }
    CHECK(content::host_listed("anything", {}));
    const Listed inside{"10.0.0.1", "localhost"};
    CHECK_FALSE(content::judge_url("http://10.0.0.1/", inside.rules).allowed());  // being listed opens nothing
    CHECK_FALSE(content::judge_url("http://localhost/", inside.rules).allowed());
}

TEST_CASE("content: redirects") {
    struct Case {
        std::string_view base, location, want;
    };
    const Case cases[] = {
        {"https://a.example/x/y?q", "https://b.example/z", "https://b.example/z"},
        {"https://a.example/x/y?q", "//b.example/z", "https://b.example/z"},
        {"http://a.example:8080/x/y?q", "/z?r#f", "http://a.example:8080/z?r"},
        {"https://a.example/x/y?q", "z", "https://a.example/x/z"},
        {"https://a.example/x/y?q", "../z", "https://a.example/z"},
        {"https://a.example/x/y?q", "../../../z/./w/..", "https://a.example/z/"},
        {"https://a.example/x/y?q", "./", "https://a.example/x/"},
        {"https://a.example/x/y?q", "?r", "https://a.example/x/y?r"},
        {"https://a.example/x/y?q", "", "https://a.example/x/y?q"},
        {"https://a.example/x/y?q", "#f", "https://a.example/x/y?q"},
        {"https://a.example", "z", "https://a.example/z"},
        {"https://a.example?q", "z", "https://a.example/z"},
        {"https://a.example/x", " file:///etc/passwd", "file:///etc/passwd"},
        {"https://a.example/x/y", "z?a=/../b", "https://a.example/x/z?a=/../b"},
        {"http://[2606::1]:81/x", "/y", "http://[2606::1]:81/y"},
    };
    for (const Case& c : cases) {
        INFO(c.base << " to " << c.location);
        const auto base = upstream::parse_url(c.base);
        REQUIRE(base);
        const auto got = content::resolve_reference(*base, c.location, memory);
        REQUIRE(got);
        CHECK(*got == c.want);
    }
    const auto base = upstream::parse_url("https://a.example/");
    CHECK_FALSE(content::resolve_reference(*base, std::string(9000, 'a'), memory));
    const Listed any{};
    CHECK(content::judge_url("http://a.example/", any.rules, &*base).problem == "leads from https to http");
    CHECK(content::judge_url("https://b.example/", any.rules, &*base).allowed());
}

}  // namespace gw::test
