// Requests that were refused because of who asked.

#include "engine/realm_parts.hpp"

namespace cred::engine {

Expected<void> Realm::note_refusal(const Actor& actor, const std::string& what) {
  return at_the_door([&]() -> Expected<void> {
    parts_->note({}, {}, audit::Event::request_refused, actor, what);
    return {};
  });
}

}  // namespace cred::engine
