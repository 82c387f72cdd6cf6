// The list of grants in a state of a realm, and in a change; for the engine's own files.
#pragma once

#include "engine/grants.hpp"
#include "engine/mentions.hpp"
#include "engine/realm_state.hpp"

namespace cred::engine {

GrantList grants_of(RealmState& state);
void set_grants(RealmChange& change, const GrantList& list);
// Ends all of them, with a record for each; `why` is for the trail. False: there was none.
bool end_all_grants(RealmChange& change, const Actor& actor, const std::string& why);
// Takes a person's grants out, and the person out of others'. False: they name nobody.
bool forget_in(GrantList& list, std::string_view name, const Mentions& mentions);

}  // namespace cred::engine
