// Showing a configuration without its secrets, and taking it back.
//
//     tree -- redact() --> "token": "__OPENCLAW_REDACTED__" --> somebody edits --> restore() --> the stored secret
//
// What is a secret is told by the name of its key, wherever it stands: sections that this gateway does not look into
// hold secrets, too. What came from the environment is hidden as well, so that a value that is written back becomes
// "${NAME}" again and not what the variable held.
#pragma once

#include "config/report.h"

namespace gw::config {

inline constexpr std::string_view redacted_mark = "__OPENCLAW_REDACTED__";

// Whether what stands at this key is a secret: "token", "apiKey", "headers" and everything below it.
[[nodiscard]] bool is_secret_name(std::string_view key) noexcept;

void redact(Node& root);

// Puts what is stored in place of each mark: from `stored`, the file as it was written, else from `resolved`, the
// configuration with its includes. A mark in a place where nothing is stored is reported. Elements of lists are found
// by their "id", or by their number when the lists are equally long.
void restore(Node& root, const Node& stored, const Node& resolved, Report& report);

}  // namespace gw::config
