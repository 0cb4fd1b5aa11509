#include "guardrail/validator.h"

#include <algorithm>
#include <array>

#include "guardrail/validator_checks.h"

namespace gw::guardrail {

namespace {

// In the order of ValidatorId.
// clang-format off
constexpr std::array<std::string_view, 51> validator_names = {
    "token", "mixed", "password_like", "entropy", "userinfo", "basic", "jwt", "pem", "aws_key", "seed_phrase",
    "base58check", "card", "card_context", "track", "luhn", "ssn", "iban", "aba", "nhs", "steuer_id", "nir", "dni",
    "codice_fiscale", "bsn", "be_rrn", "pesel", "personnummer", "no_fnr", "hetu", "ahv", "pt_nif", "tckn", "cpf",
    "cnpj", "cuit", "rut", "curp", "verhoeff", "cn_id", "my_number", "rrn", "tw_id", "hkid", "nric", "tfn",
    "medicare", "za_id", "dea", "vin", "mrz", "csv_bulk"};
// clang-format on
static_assert(validator_names.size() == static_cast<std::size_t>(ValidatorId::csv_bulk) + 1);

}  // namespace

std::optional<ValidatorId> validator_of(std::string_view name) noexcept {
    const auto found = std::find(validator_names.begin(), validator_names.end(), name);
    if (found == validator_names.end()) return std::nullopt;
    return static_cast<ValidatorId>(found - validator_names.begin());
}

bool accepts(const Validator& validator, std::string_view match, std::string_view before) {
    switch (validator.id) {
    case ValidatorId::token: return checks::token(match);
    case ValidatorId::mixed: return checks::mixed(match);
    case ValidatorId::password_like: return checks::password_like(match);
    case ValidatorId::entropy: return checks::entropy(match, validator.parameter);
    case ValidatorId::userinfo: return checks::userinfo(match);
    case ValidatorId::basic: return checks::basic(match);
    case ValidatorId::jwt: return checks::jwt(match);
    case ValidatorId::pem: return checks::pem(match);
    case ValidatorId::aws_key: return checks::aws_key(match);
    case ValidatorId::seed_phrase: return checks::seed_phrase(match);
    case ValidatorId::base58check: return checks::base58check(match);
    case ValidatorId::card: return checks::card(match);
    case ValidatorId::card_context: return checks::card_context(match, before);
    case ValidatorId::track: return checks::track(match);
    case ValidatorId::luhn: return checks::luhn(match);
    case ValidatorId::ssn: return checks::ssn(match);
    case ValidatorId::iban: return checks::iban(match);
    case ValidatorId::aba: return checks::aba(match);
    case ValidatorId::nhs: return checks::nhs(match);
    case ValidatorId::steuer_id: return checks::steuer_id(match);
    case ValidatorId::nir: return checks::nir(match);
    case ValidatorId::dni: return checks::dni(match);
    case ValidatorId::codice_fiscale: return checks::codice_fiscale(match);
    case ValidatorId::bsn: return checks::bsn(match);
    case ValidatorId::be_rrn: return checks::be_rrn(match);
    case ValidatorId::pesel: return checks::pesel(match);
    case ValidatorId::personnummer: return checks::personnummer(match);
    case ValidatorId::no_fnr: return checks::no_fnr(match);
    case ValidatorId::hetu: return checks::hetu(match);
    case ValidatorId::ahv: return checks::ahv(match);
    case ValidatorId::pt_nif: return checks::pt_nif(match);
    case ValidatorId::tckn: return checks::tckn(match);
    case ValidatorId::cpf: return checks::cpf(match);
    case ValidatorId::cnpj: return checks::cnpj(match);
    case ValidatorId::cuit: return checks::cuit(match);
    case ValidatorId::rut: return checks::rut(match);
    case ValidatorId::curp: return checks::curp(match);
    case ValidatorId::verhoeff: return checks::verhoeff(match);
    case ValidatorId::cn_id: return checks::cn_id(match);
    case ValidatorId::my_number: return checks::my_number(match);
    case ValidatorId::rrn: return checks::rrn(match);
    case ValidatorId::tw_id: return checks::tw_id(match);
    case ValidatorId::hkid: return checks::hkid(match);
    case ValidatorId::nric: return checks::nric(match);
    case ValidatorId::tfn: return checks::tfn(match);
    case ValidatorId::medicare: return checks::medicare(match);
    case ValidatorId::za_id: return checks::za_id(match);
    case ValidatorId::dea: return checks::dea(match);
    case ValidatorId::vin: return checks::vin(match);
    case ValidatorId::mrz: return checks::mrz(match);
    case ValidatorId::csv_bulk: return checks::csv_bulk(match);
    }
    return false;
}

}  // namespace gw::guardrail
