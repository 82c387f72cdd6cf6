#include "policy/calendar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace cred::policy::calendar {
namespace {

// As plain vowels leave them, and as they are typed without umlauts.
constexpr std::array names_table{
    Name{"fruehling", 0, false, false}, Name{"fruehjahr", 0, false, false},
    Name{"maerz", 3, false, false},     Name{"jaenner", 1, false, false},
    Name{"spring", 0, false, true},     Name{"summer", 0, false, false},
    Name{"autumn", 0, false, false},    Name{"fall", 0, false, true},
    Name{"winter", 0, false, false},    Name{"fruhling", 0, false, false},
    Name{"fruhjahr", 0, false, false},  Name{"sommer", 0, false, false},
    Name{"herbst", 0, false, false},    Name{"january", 1, false, false},
    Name{"januar", 1, false, false},    Name{"janner", 1, false, false},
    Name{"jan", 1, true, true},         Name{"february", 2, false, false},
    Name{"februar", 2, false, false},   Name{"feb", 2, true, true},
    Name{"march", 3, false, true},      Name{"marz", 3, false, false},
    Name{"mar", 3, true, true},         Name{"mrz", 3, true, true},
    Name{"april", 4, false, false},     Name{"apr", 4, true, true},
    Name{"may", 5, false, true},        Name{"mai", 5, false, true},
    Name{"june", 6, false, true},       Name{"juni", 6, false, true},
    Name{"jun", 6, true, true},         Name{"july", 7, false, false},
    Name{"juli", 7, false, true},       Name{"jul", 7, true, true},
    Name{"august", 8, false, false},    Name{"aug", 8, true, true},
    Name{"september", 9, false, false}, Name{"sept", 9, true, true},
    Name{"sep", 9, true, true},         Name{"october", 10, false, false},
    Name{"oktober", 10, false, false},  Name{"oct", 10, true, true},
    Name{"okt", 10, true, true},        Name{"november", 11, false, false},
    Name{"nov", 11, true, true},        Name{"december", 12, false, false},
    Name{"dezember", 12, false, false}, Name{"dec", 12, true, true},
    Name{"dez", 12, true, true}};

// For n below 100: a month or a day.
std::string two(unsigned n) {
  return {static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)};
}

const char* ordinal(unsigned day) {
  if (day / 10 == 1) return "th";
  switch (day % 10) {
    case 1: return "st";
    case 2: return "nd";
    case 3: return "rd";
    default: return "th";
  }
}

bool plausible(const Date& d) {
  return d.year >= 1000 && d.year <= 2999 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
         d.day <= 31;
}

unsigned number(std::string_view digits) {
  unsigned n = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return n;
}

// The runs of digits; empty when anything but separators stands between them.
std::vector<std::string_view> digit_runs(std::string_view text) {
  std::vector<std::string_view> runs;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    if (i > start) {
      runs.push_back(text.substr(start, i - start));
    } else if (std::string_view("-./ ").find(text[i]) == std::string_view::npos) {
      return {};
    } else {
      ++i;
    }
  }
  return runs;
}

}  // namespace

std::span<const Name> names() { return names_table; }

std::optional<Date> read(std::string_view text) {
  const auto runs = digit_runs(text);
  Date date{};
  if (runs.size() == 3 && runs[0].size() == 4) {
    date = {number(runs[0]), number(runs[1]), number(runs[2])};
  } else if (runs.size() == 3 && runs[2].size() == 4) {
    date = {number(runs[2]), number(runs[1]), number(runs[0])};
    if (date.month > 12) std::swap(date.month, date.day);  // the American order
  } else if (runs.size() == 1 && runs[0].size() == 8) {
    date = {number(runs[0].substr(0, 4)), number(runs[0].substr(4, 2)),
            number(runs[0].substr(6, 2))};
  }
  if (!plausible(date)) return std::nullopt;
  return date;
}

std::vector<std::string> writings(const Date& date) {
  const std::string long_year = std::to_string(date.year);
  const std::array years{long_year, long_year.substr(2)};
  const std::array months{std::to_string(date.month), two(date.month)};
  const std::array days{std::to_string(date.day), two(date.day)};
  std::set<std::string> all{long_year, days[1] + months[1], months[1] + days[1],
                            months[1] + years[1], years[1] + months[1]};
  for (const auto& y : years)
    for (const auto& m : months)
      for (const auto& d : days) all.insert({d + m + y, m + d + y, y + m + d, y + d + m});
  for (const Name& name : names()) {
    if (name.month != date.month) continue;
    const std::string n(name.text);
    for (const auto& d : days) all.insert({n + d, d + n});
    for (const auto& y : years) all.insert({n + y, y + n});
    all.insert(days[0] + ordinal(date.day) + n);
  }
  std::vector<std::string> result;
  for (const auto& writing : all)
    if (writing.size() >= 4) result.push_back(writing);
  return result;
}

}  // namespace cred::policy::calendar
