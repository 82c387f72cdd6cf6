// How a policy's options are shown to people and programs.
#pragma once

#include "policy/options.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cred::cli {

struct OptionRow {
  const char* option;
  nlohmann::json value;
};

// Every option with its value, in the order of cred.conf(5), the preset's name first.
std::vector<OptionRow> option_rows(const policy::Options& options);

// The value as cred.conf writes it, without quotes.
std::string value_text(const nlohmann::json& value);

// Lines of columns, each as wide as its widest cell.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& indent);

}  // namespace cred::cli
