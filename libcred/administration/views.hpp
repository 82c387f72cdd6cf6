// How what the engine knows is shown to programs.
#pragma once

#include "engine/engine.hpp"

#include <nlohmann/json_fwd.hpp>

namespace cred::administration {

nlohmann::json json_of(const engine::Status& status);
nlohmann::json json_of(const engine::Profile& profile);
nlohmann::json json_of(const hash::Parameters& parameters);
nlohmann::json json_of(const engine::FailedAttempts& failed);
nlohmann::json json_of(const engine::TrailEntry& entry);
nlohmann::json json_of(const engine::RealmStatus& status);
nlohmann::json json_of(const engine::Grant& grant);
nlohmann::json json_of(const engine::PersonalData& data, const std::string& realm);
nlohmann::json json_of(const policy::Parameters& parameters);
// Of those that were broken.
nlohmann::json violations_json(const std::vector<policy::Verdict>& verdicts);

// A text, or null where it is empty.
nlohmann::json text_or_null(const std::string& text);

}  // namespace cred::administration
