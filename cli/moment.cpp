#include "cli/moment.hpp"

#include "engine/units.hpp"

namespace cred::cli {

std::optional<Time> parse_moment(const std::string& text, Time now) {
  if (const auto day = engine::parse_date(text)) return Time(*day);
  if (const auto time = engine::parse_time(text)) return time;
  if (const auto ago = engine::parse_duration(text)) return now - *ago;
  return std::nullopt;
}

}  // namespace cred::cli
