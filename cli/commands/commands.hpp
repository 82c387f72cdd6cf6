// Every command: a function that adds itself and its options to the program, and
// sets what is to run. One file a noun.
#pragma once

#include "cli/session.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace cred::cli {

// What was chosen on the command line; runs after parsing, gives the exit status.
using Action = std::function<int()>;

void add_adopt(CLI::App& program, const Session& session, Action& action);
void add_audit(CLI::App& program, const Session& session, Action& action);
void add_attempts(CLI::App& program, const Session& session, Action& action);
void add_backup(CLI::App& program, const Session& session, Action& action);
void add_grant(CLI::App& program, const Session& session, Action& action);
void add_init(CLI::App& program, const Session& session, Action& action);
void add_user(CLI::App& program, const Session& session, Action& action);
void add_passwd(CLI::App& program, const Session& session, Action& action);
void add_verify(CLI::App& program, const Session& session, Action& action);
void add_calibrate(CLI::App& program, const Session& session, Action& action);
void add_check(CLI::App& program, const Session& session, Action& action);
void add_completion(CLI::App& program, const Session& session, Action& action);
void add_generate(CLI::App& program, const Session& session, Action& action);
void add_status(CLI::App& program, const Session& session, Action& action);
void add_doctor(CLI::App& program, const Session& session, Action& action);
void add_export(CLI::App& program, const Session& session, Action& action);
void add_import(CLI::App& program, const Session& session, Action& action);
void add_expire(CLI::App& program, const Session& session, Action& action);
void add_breach(CLI::App& program, const Session& session, Action& action);
void add_compromise(CLI::App& program, const Session& session, Action& action);
// Below `credctl user`.
void add_user_set(CLI::App& user, const Session& session, Action& action);
void add_key(CLI::App& program, const Session& session, Action& action);
void add_maintain(CLI::App& program, const Session& session, Action& action);
void add_accept_rollback(CLI::App& program, const Session& session, Action& action);
void add_user_erase(CLI::App& user, const Session& session, Action& action);
void add_user_export(CLI::App& user, const Session& session, Action& action);
void add_realm(CLI::App& program, const Session& session, Action& action);
void add_store(CLI::App& program, const Session& session, Action& action);
void add_policy(CLI::App& program, const Session& session, Action& action);
// Below `credctl policy`.
void add_policy_test(CLI::App& policy, const Session& session, Action& action);

}  // namespace cred::cli
