// The members of a manifest as JSON, both ways. What is wrong is thrown as a Failure
// (integrity) with a sentence that lacks its subject. Of this room alone.
#pragma once

#include "backup/manifest.hpp"

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cred::backup {

using Json = nlohmann::ordered_json;

// Refuses what is nested deeper than a manifest is.
Json parse(std::string_view text);

// An object with all of `needed`, any of `optional`, and nothing else.
void check_members(const Json& json, const char* what, std::vector<const char*> needed,
                   std::vector<const char*> optional);
std::string text_of(const Json& json, const char* member);
bool is_hexadecimal(std::string_view text);

// Whether every member is as manifest.hpp says.
void check(const Manifest& manifest);
Json to_json(const Manifest& manifest);
// Checked.
Manifest from_json(const Json& json);

}  // namespace cred::backup
