// How an account's state is shown to people and programs.
#pragma once

#include "cli/session.hpp"

#include <nlohmann/json_fwd.hpp>

namespace cred::cli {

std::string state_word(const engine::Status& status);
std::string due_text(const engine::Standing& standing);
// Why a password must be changed or cannot be used, as a sentence.
std::string reason_text(engine::Reason reason);
nlohmann::json status_json(const engine::Status& status);
nlohmann::json profile_json(const engine::Profile& profile);
int show_account(const Session& session, const std::string& name, bool with_profile);

}  // namespace cred::cli
