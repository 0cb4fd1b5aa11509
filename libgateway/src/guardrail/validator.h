// What a pattern cannot say of a match: that its check digit is right, that it is no placeholder, that a word stands
// near.
//
//     "DE89 3702 0400 5320 1301 3O" -- pattern --> a match -- accepts(iban) --> no: the remainder is not 1
//
//     ... card number: 4539 1488 0343 646x ...
//     [   before   ]   [    match    ]  [after]        nearby() looks into `before` and `after` for words
//
// Both are pure functions of the bytes that they are given. They allocate nothing, use a fixed amount of stack and take
// time linear in the bytes, whatever these hold: the text comes from strangers. rules/default/FORMAT.md says what every
// validator accepts; tests/rules/validators.py is the executable model that these are tested against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gw::guardrail {

// One for each name of FORMAT.md, in its order.
enum class ValidatorId : std::uint8_t {
    token,
    mixed,
    password_like,
    entropy,
    userinfo,
    basic,
    jwt,
    pem,
    aws_key,
    seed_phrase,
    base58check,
    card,
    card_context,
    track,
    luhn,
    ssn,
    iban,
    aba,
    nhs,
    steuer_id,
    nir,
    dni,
    codice_fiscale,
    bsn,
    be_rrn,
    pesel,
    personnummer,
    no_fnr,
    hetu,
    ahv,
    pt_nif,
    tckn,
    cpf,
    cnpj,
    cuit,
    rut,
    curp,
    verhoeff,
    cn_id,
    my_number,
    rrn,
    tw_id,
    hkid,
    nric,
    tfn,
    medicare,
    za_id,
    dea,
    vin,
    mrz,
    csv_bulk,
};

struct Validator {
    ValidatorId id;
    double parameter = 0;  // entropy: the fewest bits per character
};

// The validator of a name in a rule pack, `entropy` among them; nothing if there is none of that name.
[[nodiscard]] std::optional<ValidatorId> validator_of(std::string_view name) noexcept;

// Whether `match` is what the rule is looking for. `before`: the text in front of it, for the validators that look
// there (card_context); what is farther away than 128 bytes is not needed.
[[nodiscard]] bool accepts(const Validator& validator, std::string_view match, std::string_view before);

// Words of which one must, or must not, stand near a match: each without regard to ASCII case, with no ASCII letter or
// digit on either side, and wholly within the distance.
struct ContextWords {
    enum class Where : std::uint8_t { before, after, around };

    std::pmr::vector<std::pmr::string> words;
    std::uint32_t within = 0;  // bytes
    Where where = Where::before;

    explicit ContextWords(std::pmr::memory_resource* memory) : words(memory) {}
};

enum class Nearby : std::uint8_t { no, yes, undecided };

// Whether one of the words stands near a match between `before` and `after`. With `after_complete` no more text
// follows. Without it, `undecided` is answered while text to come may still bring a word into the distance, or may go
// on with the letters of one: the answer then is the same however the text was cut.
[[nodiscard]] Nearby nearby(const ContextWords& context, std::string_view before, std::string_view after,
                            bool after_complete);

}  // namespace gw::guardrail
