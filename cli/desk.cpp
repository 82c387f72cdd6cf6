#include "cli/desk.hpp"

#include "cli/credd_client.hpp"

#include <nlohmann/json.hpp>

namespace cred::cli {

using administration::Command;
using administration::Outcome;

Desk::Desk(const Session& session, std::string realm)
    : session_(session), realm_(std::move(realm)) {
  auto opened = session.engine();
  if (opened)
    engine_.emplace(std::move(*opened));
  else if (!Session::lacks_rights(opened.error()))
    trouble_ = opened.error();
  if (!engine_) return;
  if (const auto there = engine_->realm(realm_); there)
    return;
  else if (Session::lacks_rights(there.error()))
    engine_.reset();  // the store may be read, but not its key
  else
    trouble_ = there.error();
}

Outcome Desk::run(const Command& command, const Secret* password, const administration::Row& row) {
  if (trouble_) return Outcome::failed(*trouble_);
  auto rows = nlohmann::json::array();
  const administration::Row keep = [&](const nlohmann::json& object) {
    rows.push_back(object);
    return true;
  };
  const administration::Row& to = row ? row : keep;
  Outcome outcome =
      engine_ ? administration::perform({*engine_, realm_, session_.actor(), true, {}, progress},
                                        command, password, to)
              : order(session_, realm_, command, password, to);
  const auto name = administration::rows_of(command.operation);
  if (!row && !name.empty() && outcome.code == Code::accepted)
    outcome.details[std::string(name)] = std::move(rows);
  return outcome;
}

int conclude(const Session& session, const Outcome& outcome, const std::string& text) {
  if (outcome.code == Code::accepted) return session.finish(outcome.code, text, outcome.details);
  return session.fail(outcome.code, outcome.details);
}

int run(const Session& session, const Command& command, const std::string& text) {
  return conclude(session, Desk(session).run(command), text);
}

}  // namespace cred::cli
