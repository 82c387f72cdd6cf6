// What is stored about a person, for the person.

#include "engine/realm_state.hpp"

namespace cred::engine {

Expected<PersonalData> Realm::export_person(std::string_view name, const Actor& actor) {
  return at_the_door([&]() -> Expected<PersonalData> {
    PersonalData data;
    data.status = value_or_throw(status(name));
    data.failures = value_or_throw(failed_attempts(name));
    value_or_throw(trail(0, [&](const TrailEntry& entry) {
      if (entry.account_id == data.status.id) data.records.push_back(entry);
      return true;
    }));
    parts_->note(data.status.id, name, audit::Event::exported, actor, {});
    return data;
  });
}

}  // namespace cred::engine
