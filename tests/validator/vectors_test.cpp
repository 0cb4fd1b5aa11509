// The validators against what their model says: vectors/guardrail/validators.txt, made by
// rules/make_validator_vectors.py.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "guardrail/validator.h"
#include "support/test.h"

namespace gw::guardrail {
namespace {

struct Case {
    std::string name, match, before;
    Validator validator{ValidatorId::token};
    bool accepted = false;
};

// Undoes the back-slash escapes, and removes ~~.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) == "~~") {
            ++i;
        } else if (text[i] != '\\') {
            out += text[i];
        } else if (text[++i] == 'x') {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i] == 'r' ? '\r' : text[i];
        }
    }
    return out;
}

std::vector<Case> read_cases() {
    const std::string file = test::read_vector("guardrail/validators.txt");
    std::vector<Case> cases;
    for (std::size_t begin = 0; begin < file.size();) {
        const std::size_t end = file.find('\n', begin);
        std::string_view line = std::string_view(file).substr(begin, end - begin);
        begin = end + 1;
        if (line.starts_with('#')) continue;
        std::array<std::string_view, 4> fields;
        for (std::string_view& field : fields) {
            field = line.substr(0, line.find('\t'));
            line.remove_prefix(std::min(line.size(), field.size() + 1));
        }
        Case c{std::string(fields[0]), unescape(fields[2]), unescape(fields[3])};
        const std::size_t colon = c.name.find(':');
        const auto id = validator_of(std::string_view(c.name).substr(0, colon));
        REQUIRE(id);
        c.validator.id = *id;
        if (colon != std::string::npos) c.validator.parameter = std::strtod(c.name.c_str() + colon + 1, nullptr);
        c.accepted = fields[1] == "accept";
        cases.push_back(std::move(c));
    }
    return cases;
}

TEST_CASE("validators: each accepts and refuses what its model does") {
    std::map<ValidatorId, std::pair<int, int>> seen;
    for (const Case& c : read_cases()) {
        INFO(c.name << " of [" << c.match << "] after [" << c.before << "]");
        CHECK(accepts(c.validator, c.match, c.before) == c.accepted);
        ++(c.accepted ? seen[c.validator.id].first : seen[c.validator.id].second);
    }
    // Not one was left out, and each was tried both ways.
    CHECK(seen.size() == static_cast<std::size_t>(ValidatorId::csv_bulk) + 1);
    for (const auto& [id, counts] : seen) {
        INFO("validator " << static_cast<int>(id));
        CHECK(counts.first >= 4);
        CHECK(counts.second >= 4);
    }
}

TEST_CASE("validators: what people write between digits does not count") {
    constexpr ValidatorId numbers[] = {
        ValidatorId::luhn,   ValidatorId::card,      ValidatorId::ssn,      ValidatorId::iban,     ValidatorId::aba,
        ValidatorId::nhs,    ValidatorId::steuer_id, ValidatorId::nir,      ValidatorId::dni,      ValidatorId::bsn,
        ValidatorId::be_rrn, ValidatorId::pesel,     ValidatorId::ahv,      ValidatorId::pt_nif,   ValidatorId::cpf,
        ValidatorId::cnpj,   ValidatorId::rut,       ValidatorId::hkid,     ValidatorId::verhoeff, ValidatorId::rrn,
        ValidatorId::cuit,   ValidatorId::tfn,       ValidatorId::medicare, ValidatorId::za_id};
    test::Random random(7);
    for (const Case& c : read_cases()) {
        if (std::find(std::begin(numbers), std::end(numbers), c.validator.id) == std::end(numbers)) continue;
        std::string spread;
        for (const char digit : c.match) {
            spread += digit;
            spread += " -./"[random.below(4)];
        }
        INFO(c.name << " of [" << c.match << "]");
        CHECK(accepts(c.validator, spread, c.before) == c.accepted);
    }
}

// The answers do not matter here: a sanitizer sees a byte read behind an exact copy, and undefined arithmetic.
TEST_CASE("validators: any bytes are a question that has an answer") {
    test::Random random(42);
    int accepted = 0;
    for (const Case& c : read_cases()) {
        std::vector<char> bytes(c.match.begin(), c.match.end());
        for (int change = 0; change < 2 && !bytes.empty(); ++change) {
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
            const std::size_t begin = random.below(bytes.size());
            const std::vector<char> tail(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end());
            accepted += accepts(c.validator, {bytes.data(), bytes.size()}, c.before) ? 1 : 0;
            accepted += accepts(c.validator, {tail.data(), tail.size()}, {tail.data(), tail.size()}) ? 1 : 0;
        }
    }
    CHECK(accepted > 0);
}

// Half a second of the processor is ten times what the slowest needs without optimisation, and less than anything of
// quadratic time takes.
TEST_CASE("validators: hostile text takes no longer than it must") {
    constexpr std::size_t size = 32 << 10;
    constexpr std::string_view units[] = {"1",      "12", "a",   "aB3$", "-",   "-----A",   "exampl", "=",
                                          "eyJ",    "x:", "1,",  "\n",   "\\r", "\xC3\x91", "\t",     "a ",
                                          ": \\\"", "z3", "://", "@",    "<",   "{\"al"};
    for (const std::string_view unit : units) {
        std::string text = "https://u:p@";
        while (text.size() < size) text += unit;
        for (int id = 0; id <= static_cast<int>(ValidatorId::csv_bulk); ++id) {
            const std::clock_t begin = std::clock();
            const bool answer = accepts({static_cast<ValidatorId>(id), 3.0}, text, text);
            const std::clock_t taken = std::clock() - begin;
            INFO("validator " << id << " on " << unit << ": " << answer);
            CHECK(taken < CLOCKS_PER_SEC / 2);
        }
    }
}

TEST_CASE("validators: names") {
    CHECK(validator_of("token") == ValidatorId::token);
    CHECK(validator_of("csv_bulk") == ValidatorId::csv_bulk);
    CHECK(validator_of("entropy") == ValidatorId::entropy);
    CHECK(validator_of("za_id") == ValidatorId::za_id);
    CHECK(!validator_of("Token"));
    CHECK(!validator_of("tokens"));
    CHECK(!validator_of(""));
}

}  // namespace
}  // namespace gw::guardrail
