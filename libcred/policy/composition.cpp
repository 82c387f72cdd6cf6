#include "policy/composition.hpp"

#include <algorithm>
#include <utf8proc.h>

namespace cred::policy {
namespace {

bool is_upper(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

bool is_lower(std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_LL; }

bool is_digit(std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

bool is_letter(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_mark(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool is_alphanumeric(std::int32_t c) { return is_letter(c) || is_digit(c); }

// Marks belong to the letter before them and count as neither.
bool is_symbol(std::int32_t c) { return !is_alphanumeric(c) && !is_mark(c); }

bool any(std::int32_t) { return true; }

// How one kind of character is counted and spoken of.
struct Kind {
  const char* rule;
  bool (*member)(std::int32_t);
  const char* one;
  const char* several;
};

std::string amount(std::uint32_t count, const Kind& kind) {
  return std::to_string(count) + " " + (count == 1 ? kind.one : kind.several);
}

class AtLeast final : public Rule {
 public:
  AtLeast(const Kind& kind, std::uint32_t least) : kind_(kind), least_(least) {}
  std::string id() const override { return kind_.rule; }
  std::string requirement() const override { return "At least " + amount(least_, kind_); }
  std::optional<std::string> judge(const Candidate& candidate, const Context&) const override {
    const auto points = candidate.points();
    const auto count =
        static_cast<std::uint32_t>(std::count_if(points.begin(), points.end(), kind_.member));
    if (count >= least_) return std::nullopt;
    return (kind_.member == any ? "it is too short: use at least " : "use at least ") +
           amount(least_, kind_) + " (it has " + std::to_string(count) + ")";
  }

 private:
  Kind kind_;
  std::uint32_t least_;
};

class MaxLength final : public Rule {
 public:
  explicit MaxLength(std::uint32_t most) : most_(most) {}
  std::string id() const override { return "max_length"; }
  std::string requirement() const override {
    return "At most " + std::to_string(most_) + " characters";
  }
  std::optional<std::string> judge(const Candidate& candidate, const Context&) const override {
    if (candidate.points().size() <= most_) return std::nullopt;
    return "it is too long: use at most " + std::to_string(most_) + " characters";
  }

 private:
  std::uint32_t most_;
};

}  // namespace

void add_composition_rules(const Options& o, std::vector<std::unique_ptr<Rule>>& rules) {
  const auto at_least = [&](const Kind& kind, std::uint32_t least) {
    if (least > 0) rules.push_back(std::make_unique<AtLeast>(kind, least));
  };
  at_least({"min_length", any, "character", "characters"}, o.min_length);
  rules.push_back(std::make_unique<MaxLength>(o.max_length));
  at_least({"min_alphanumeric", is_alphanumeric, "letter or digit", "letters and digits"},
           o.min_alphanumeric);
  at_least({"min_upper", is_upper, "upper-case letter", "upper-case letters"}, o.min_upper);
  at_least({"min_lower", is_lower, "lower-case letter", "lower-case letters"}, o.min_lower);
  at_least({"min_digit", is_digit, "digit", "digits"}, o.min_digit);
  at_least({"min_symbol", is_symbol, "symbol", "symbols"}, o.min_symbol);
}

}  // namespace cred::policy
