#include "engine/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <limits>

namespace cred::engine {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> size_units{
    {{"KiB", 1}, {"K", 1}, {"MiB", 1024}, {"M", 1024}, {"GiB", 1024 * 1024}, {"G", 1024 * 1024}}};

constexpr std::uint64_t second = 1000;
constexpr std::uint64_t day = 24 * 3600 * second;
constexpr std::array<Unit, 14> time_units{{{"ms", 1},
                                           {"s", second},
                                           {"sec", second},
                                           {"seconds", second},
                                           {"min", 60 * second},
                                           {"minutes", 60 * second},
                                           {"h", 3600 * second},
                                           {"hours", 3600 * second},
                                           {"d", day},
                                           {"day", day},
                                           {"days", day},
                                           {"w", 7 * day},
                                           {"week", 7 * day},
                                           {"weeks", 7 * day}}};

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& unit : units)
    if (text == unit.name) {
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) /
                       (unit.factor * second))
        return std::nullopt;
      return number * unit.factor;
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> parse_kib(std::string_view text) {
  const auto kib = parse(text, size_units);
  if (!kib || *kib > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*kib);
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto milliseconds = parse(text, time_units);
  // A century is more than any age, and keeps sums of times in range.
  if (!milliseconds || *milliseconds > 36525 * day) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*milliseconds));
}

std::string print_duration(Duration duration) {
  constexpr std::array<Unit, 5> units{
      {{"d", day}, {"h", 3600 * second}, {"min", 60 * second}, {"s", second}, {"ms", 1}}};
  const auto count = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : units)
    if (count % unit.factor == 0)
      return std::to_string(count / unit.factor) + std::string(unit.name);
  return {};
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t length) {
    int value = -1;
    const char* end = text.data() + from + length;
    const auto result = std::from_chars(text.data() + from, end, value);
    return result.ptr == end ? value : -1;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day_of_month = number(8, 2);
  if (year < 0 || month < 0 || day_of_month < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day_of_month))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

namespace {

std::optional<int> digits(std::string_view text, int below) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return text.empty() || value >= below ? std::nullopt : std::optional(value);
}

}  // namespace

std::optional<Time> parse_moment(std::string_view text, Time now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  const auto date = parse_date(text.substr(0, std::min<std::size_t>(text.size(), 10)));
  if (!date) return std::nullopt;
  if (text.size() == 10) return Time(*date);
  // T03:04:05Z, T03:04:05.678Z
  const std::string_view clock = text.substr(10);
  if (clock.size() < 10 || (clock[0] != 'T' && clock[0] != ' ') || clock[3] != ':' ||
      clock[6] != ':' || clock.back() != 'Z')
    return std::nullopt;
  const auto hour = digits(clock.substr(1, 2), 24);
  const auto minute = digits(clock.substr(4, 2), 60);
  const auto seconds = digits(clock.substr(7, 2), 60);
  int milliseconds = 0;
  if (clock.size() > 10) {
    const auto fraction = clock.substr(10, clock.size() - 11);
    if (clock[9] != '.' || fraction.size() > 3) return std::nullopt;
    const auto value = digits(fraction, 1000);
    if (!value) return std::nullopt;
    milliseconds = *value;
    for (std::size_t i = fraction.size(); i < 3; ++i) milliseconds *= 10;
  }
  if (!hour || !minute || !seconds) return std::nullopt;
  return Time(*date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*seconds) + Duration(milliseconds);
}

std::string print_time(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::time_t t = seconds;
  std::tm parts{};
  if (gmtime_r(&t, &parts) == nullptr) return "out of range";
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

}  // namespace cred::engine
