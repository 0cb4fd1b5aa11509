// The checks behind accepts(), one function for each ValidatorId, grouped by the file that they are in.
#pragma once

#include <string_view>

namespace gw::guardrail::checks {

// validator_text.cpp
[[nodiscard]] std::string_view value_of(std::string_view match);  // the secret part of `name = "value"`
[[nodiscard]] bool token(std::string_view match);
[[nodiscard]] bool mixed(std::string_view match);
[[nodiscard]] bool password_like(std::string_view match);
[[nodiscard]] bool entropy(std::string_view match, double bits);
[[nodiscard]] bool weak_password(std::string_view word);  // one of those that documentation is full of

// validator_credential.cpp
[[nodiscard]] bool userinfo(std::string_view match);
[[nodiscard]] bool basic(std::string_view match);
[[nodiscard]] bool jwt(std::string_view match);
[[nodiscard]] bool pem(std::string_view match);
[[nodiscard]] bool aws_key(std::string_view match);
[[nodiscard]] bool seed_phrase(std::string_view match);
[[nodiscard]] bool base58check(std::string_view match);

// validator_payment.cpp
[[nodiscard]] bool luhn(std::string_view match);
[[nodiscard]] bool card(std::string_view match);
[[nodiscard]] bool card_context(std::string_view match, std::string_view before);
[[nodiscard]] bool track(std::string_view match);
[[nodiscard]] bool iban(std::string_view match);
[[nodiscard]] bool aba(std::string_view match);

// validator_ids_europe.cpp
[[nodiscard]] bool nhs(std::string_view match);
[[nodiscard]] bool steuer_id(std::string_view match);
[[nodiscard]] bool nir(std::string_view match);
[[nodiscard]] bool dni(std::string_view match);
[[nodiscard]] bool codice_fiscale(std::string_view match);
[[nodiscard]] bool bsn(std::string_view match);
[[nodiscard]] bool be_rrn(std::string_view match);
[[nodiscard]] bool pesel(std::string_view match);
[[nodiscard]] bool personnummer(std::string_view match);
[[nodiscard]] bool no_fnr(std::string_view match);
[[nodiscard]] bool hetu(std::string_view match);
[[nodiscard]] bool ahv(std::string_view match);
[[nodiscard]] bool pt_nif(std::string_view match);
[[nodiscard]] bool tckn(std::string_view match);

// validator_ids_americas.cpp
[[nodiscard]] bool ssn(std::string_view match);
[[nodiscard]] bool cpf(std::string_view match);
[[nodiscard]] bool cnpj(std::string_view match);
[[nodiscard]] bool cuit(std::string_view match);
[[nodiscard]] bool rut(std::string_view match);
[[nodiscard]] bool curp(std::string_view match);
[[nodiscard]] bool dea(std::string_view match);

// validator_ids_asia.cpp: with Australia and South Africa
[[nodiscard]] bool verhoeff(std::string_view match);
[[nodiscard]] bool cn_id(std::string_view match);
[[nodiscard]] bool my_number(std::string_view match);
[[nodiscard]] bool rrn(std::string_view match);
[[nodiscard]] bool tw_id(std::string_view match);
[[nodiscard]] bool hkid(std::string_view match);
[[nodiscard]] bool nric(std::string_view match);
[[nodiscard]] bool tfn(std::string_view match);
[[nodiscard]] bool medicare(std::string_view match);
[[nodiscard]] bool za_id(std::string_view match);

// validator_record.cpp
[[nodiscard]] bool vin(std::string_view match);
[[nodiscard]] bool mrz(std::string_view match);
[[nodiscard]] bool csv_bulk(std::string_view match);

}  // namespace gw::guardrail::checks
