// Dates, months and seasons as people write them, in English and German.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cred::policy::calendar {

// The name of a month or a season, folded and with plain vowels ("marz", "fruhling").
struct Name {
  std::string_view text;
  unsigned month;    // 1 to 12; 0: a season
  bool abbreviated;  // "apr", "sept"
  // Whether it is an everyday word or a part of many ("fall", "may"), so that it
  // counts only where it stands alone.
  bool common;
};

std::span<const Name> names();

struct Date {
  unsigned year, month, day;
};

// A date written in full: 1987-04-03, 19870403, 3.4.1987, 03/04/1987 (the day first).
// Unset: no date.
std::optional<Date> read(std::string_view text);

// Every common writing of it with at least four characters, without separators, in
// lower case and plain vowels: 19870403, 030487, 4387, 0403, 1987, apr1987, 3april.
std::vector<std::string> writings(const Date& date);

}  // namespace cred::policy::calendar
