// Credentials for another system: nobody is locked in.

#include "engine/realm_state.hpp"

namespace cred::engine {

Expected<void> Realm::export_credentials(
    const std::string& what, const Actor& actor,
    const std::function<bool(const ExportedCredential&)>& visit) {
  constexpr std::size_t page = 256;
  return at_the_door([&]() -> Expected<void> {
    // First, so that nothing leaves without a record.
    parts_->note({}, "", audit::Event::exported, actor, what);
    std::string after;
    for (;;) {
      RealmState state(*parts_, store::Access::read);
      const auto rows = state.transaction().list(after, page);
      if (rows.empty()) return {};
      after = rows.back().name;
      for (const auto& row : rows) {
        const auto account = state.find(row.name);
        if (!account) continue;
        ExportedCredential exported;
        exported.name = account->row.name;
        exported.profile = state.profile(*account);
        exported.verifier = account->credential.verifier;
        exported.set_at = account->credential.set_at;
        exported.state = account->state();
        exported.must_change = parts_->standing(*account).code == Code::must_change;
        exported.one_time = account->credential.one_time_until != Time{};
        if (!visit(exported)) return {};
      }
    }
  });
}

}  // namespace cred::engine
