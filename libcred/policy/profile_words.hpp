// What is known of a person, cut into the words that a password may be made of.
#pragma once

#include "policy/rule.hpp"

#include <vector>

namespace cred::policy {

// In the order in which a refusal names them.
enum class Datum : std::uint8_t {
  login,
  name,
  email,
  phone,
  birth_date,
  host,
  realm,
  attribute,
};

struct ProfileWord {
  Datum datum;
  // Folded, with plain vowels and without separators.
  std::vector<std::int32_t> points;
  // A date or number: its digits must be typed as they are, with no other digit
  // beside a month's day or year.
  bool calendar = false;
  // Counts only as the whole of a run of digits: the last four of a phone number.
  bool whole_run = false;
};

// Each name, label and value in one piece, and its parts; at most 192. The host
// "localhost" and the large providers' mail domains belong to nobody.
std::vector<ProfileWord> profile_words(const Context& context);

}  // namespace cred::policy
