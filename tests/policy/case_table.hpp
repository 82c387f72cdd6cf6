// The tables of data/*.txt. A line is a case of five cells:
//
//   preset and departures | profile | old passwords | candidate | rules that refuse it
//
// A departure is option=value; a profile is login, name, email, phone, born, attr, host
// or realm =value, with "; " between them; old passwords are now= (the current one) and
// was= (an earlier one, known by its forms alone), likewise. A line "rules: ..." says
// which rules the file is about; others may say what they like.
#pragma once

#include "policy/near_copy.hpp"
#include "policy/policy.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace cred::test {

inline std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, separator);) {
    const auto from = part.find_first_not_of(' ');
    const auto to = part.find_last_not_of(' ');
    parts.push_back(from == std::string::npos ? "" : part.substr(from, to - from + 1));
  }
  return parts;
}

inline std::set<std::string> words(const std::string& text) {
  std::set<std::string> all;
  for (const auto& word : split(text, ' '))
    if (!word.empty()) all.insert(word);
  return all;
}

inline std::pair<std::string, std::string> key_value(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) throw std::runtime_error("no '=' in " + text);
  return {text.substr(0, equals), text.substr(equals + 1)};
}

inline policy::Options options_of(const std::string& cell) {
  const auto parts = split(cell, ' ');
  auto options = value_or_throw(policy::preset(parts.at(0)));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto [key, value] = key_value(parts[i]);
    const auto number = [&] { return static_cast<std::uint32_t>(std::stoul(value)); };
    if (key == "min_upper")
      options.min_upper = number();
    else if (key == "min_lower")
      options.min_lower = number();
    else if (key == "min_letter")
      options.min_letter = number();
    else if (key == "min_digit")
      options.min_digit = number();
    else if (key == "min_symbol")
      options.min_symbol = number();
    else if (key == "max_length")
      options.max_length = number();
    else if (key == "max_repeat")
      options.max_repeat = number();
    else if (key == "max_sequence")
      options.max_sequence = number();
    else if (key == "min_changed")
      options.min_changed = number();
    else if (key == "personal")
      options.personal = value == "true";
    else if (key == "family_names")
      options.family_names = value == "true";
    else if (key == "max_age" && value == "never")
      options.max_age.reset();
    else
      throw std::runtime_error("unknown departure " + key);
  }
  return options;
}

// A line of a table, read.
class Case {
 public:
  explicit Case(const std::string& line) : cells_(split(line, '|')) {
    if (cells_.size() < 4) throw std::runtime_error("too few cells: " + line);
    cells_.resize(5);
    for (const auto& entry : split(cells_[1], ';'))
      if (!entry.empty()) read_profile(key_value(entry));
    for (const auto& entry : split(cells_[2], ';'))
      if (!entry.empty()) read_old(key_value(entry));
  }
  policy::Options options() const { return options_of(cells_[0]); }
  std::string candidate() const { return cells_[3]; }
  std::set<std::string> expected() const { return words(cells_[4]); }

  policy::Context context() const {
    policy::Context c{login_, name_, current_.empty() ? nullptr : &current_};
    c.email = email_;
    c.phone = phone_;
    c.birth_date = born_;
    c.attributes.assign(attributes_.begin(), attributes_.end());
    c.host = host_;
    c.realm = realm_;
    return c;
  }

  // Whether the candidate shares a form with an earlier password.
  bool is_near_copy(const Secret& candidate) const {
    for (const Secret& form : policy::skeletons(candidate))
      for (const Secret& earlier : earlier_forms_)
        if (form.equals(earlier)) return true;
    return false;
  }

 private:
  void read_profile(const std::pair<std::string, std::string>& entry) {
    const auto& [key, value] = entry;
    if (key == "attr") {
      attributes_.push_back(value);
      return;
    }
    std::string* field = key == "login"   ? &login_
                         : key == "name"  ? &name_
                         : key == "email" ? &email_
                         : key == "phone" ? &phone_
                         : key == "born"  ? &born_
                         : key == "host"  ? &host_
                         : key == "realm" ? &realm_
                                          : nullptr;
    if (field == nullptr) throw std::runtime_error("unknown profile entry " + key);
    *field = value;
  }

  void read_old(const std::pair<std::string, std::string>& entry) {
    Secret old = value_or_throw(policy::normalise(secret(entry.second)));
    if (entry.first == "now") {
      current_ = std::move(old);
    } else {
      for (Secret& form : policy::skeletons(old)) earlier_forms_.push_back(std::move(form));
    }
  }

  std::vector<std::string> cells_;
  std::string login_, name_, email_, phone_, born_, host_, realm_;
  std::vector<std::string> attributes_;
  Secret current_;
  std::vector<Secret> earlier_forms_;
};

// The ids of the rules that refuse the candidate.
inline std::set<std::string> refusing(const policy::Policy& policy, std::string_view password,
                                      const policy::Context& context) {
  std::set<std::string> rules;
  const Secret normalised = value_or_throw(policy::normalise(secret(password)));
  for (const auto& verdict : policy.judge(normalised, context).verdicts)
    if (verdict.violation) rules.insert(verdict.rule);
  return rules;
}

inline std::set<std::string> refusing(const Case& one) {
  const policy::Policy policy(one.options());
  auto rules = refusing(policy, one.candidate(), one.context());
  if (policy.options().history_similar &&
      one.is_near_copy(value_or_throw(policy::normalise(secret(one.candidate())))))
    rules.insert(policy::similar_rule);
  return rules;
}

}  // namespace cred::test
