#include "audit/timestamp.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace cred::audit {

std::string timestamp(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t t = seconds.time_since_epoch().count();
  std::tm utc{};
  if (gmtime_r(&t, &utc) == nullptr || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900) return "-";
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                      utc.tm_sec, static_cast<int>((time - seconds).count()));
  return text.data();
}

}  // namespace cred::audit
