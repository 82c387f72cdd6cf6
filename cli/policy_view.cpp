#include "cli/policy_view.hpp"

#include "engine/units.hpp"

#include <algorithm>

namespace cred::cli {
namespace {

nlohmann::json or_never(const std::optional<Duration>& duration) {
  return duration ? engine::print_duration(*duration) : "never";
}

// Characters, not bytes: sentences have '§' in them.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::vector<OptionRow> option_rows(const policy::Options& o) {
  return {
      {"preset", o.preset},
      {"min_length", o.min_length},
      {"max_length", o.max_length},
      {"min_alphanumeric", o.min_alphanumeric},
      {"min_letter", o.min_letter},
      {"min_upper", o.min_upper},
      {"min_lower", o.min_lower},
      {"min_digit", o.min_digit},
      {"min_symbol", o.min_symbol},
      {"max_repeat", o.max_repeat},
      {"max_sequence", o.max_sequence},
      {"min_changed", o.min_changed},
      {"personal", o.personal},
      {"family_names", o.family_names},
      {"history",
       o.history == policy::all_earlier ? nlohmann::json("all") : nlohmann::json(o.history)},
      {"history_similar", o.history_similar},
      {"banned_words", o.banned_words},
      {"banned_lists", o.banned_lists},
      {"match", o.match == policy::Match::core ? "core" : "whole"},
      {"breach", o.breach},
      {"on_data_failure", o.on_data_failure == policy::OnDataFailure::refuse ? "refuse" : "accept"},
      {"min_strength", o.min_strength},
      {"max_age", o.each_quarter ? nlohmann::json("quarter") : or_never(o.max_age)},
      {"warn", engine::print_duration(o.warn)},
      {"min_age", engine::print_duration(o.min_age)},
      {"grace", or_never(o.grace)},
      {"expiry_stops_all", o.expiry_stops_all},
      {"max_idle", or_never(o.max_idle)},
      {"max_failures", o.max_failures},
      {"lockout", or_never(o.lockout)}};
}

std::string value_text(const nlohmann::json& value) {
  if (value.is_array()) {
    if (value.empty()) return "none";
    if (value.size() > 1) return std::to_string(value.size()) + " entries";
    return value_text(value.front());
  }
  if (value.is_string())
    return value.get<std::string>().empty() ? "none" : value.get<std::string>();
  return value.dump();
}

std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace cred::cli
