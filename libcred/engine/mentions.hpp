// Whether a text speaks of a person.
#pragma once

#include "audit/body.hpp"
#include "engine/records.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cred::engine {

// By login name, e-mail address and full name: as words of their own, in whatever case and
// form of Unicode. "ann" is in "uid 1000 (Ann)", but not in "annual".
class Mentions {
 public:
  Mentions(std::string_view login, const Profile& profile);
  bool in(std::string_view text) const;
  bool in(const audit::Body& body) const;

 private:
  std::vector<std::u32string> words_;
};

}  // namespace cred::engine
