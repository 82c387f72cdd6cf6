// Where passwords end with the quarter, people count: Winter2025!, Winter2026!.
#pragma once

#include "policy/rule.hpp"

namespace cred::policy {

// Refuses what can be guessed from the calendar, in English and German:
//   - a season, month, quarter (Q3, 3Q26, Quartal 3) or year (1950 to 2049, 20263;
//     two digits beside one of the others), where at most one word and two stray
//     characters remain. A capital starts a new word; digits and symbols at either
//     end are no strays.
//   - a word of the dictionaries with one to four digits before or behind it.
// Two words with a year are taken where a separator or a capital tells them apart
// ("Correct-Horse-2026"); written as one they pass for one ("zebraquilt2026"). So does
// what follows a season within a compound: "Herbstlaub_88" is refused.
class NotFromTheCalendar final : public Rule {
 public:
  std::string id() const override { return "rotation"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;
};

}  // namespace cred::policy
