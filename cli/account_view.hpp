// How an account's state is shown to people, from what --json shows to programs.
#pragma once

#include "cli/session.hpp"

#include <nlohmann/json_fwd.hpp>

namespace cred::cli {

std::string state_word(const nlohmann::json& status);
// When the password is due, or "never".
std::string due_text(const nlohmann::json& status);
// Why a password must be changed or cannot be used, as a sentence.
std::string reason_text(engine::Reason reason);
int show_account(const Session& session, const std::string& name, bool with_profile);

}  // namespace cred::cli
