#include "policy/composition.hpp"

#include "base/translate.hpp"
#include "policy/characters.hpp"

#include <algorithm>

namespace cred::policy {
namespace {

bool any(std::int32_t) { return true; }

// How one kind of character is counted and spoken of.
struct Kind {
  const char* rule;
  bool (*member)(std::int32_t);
  Counted requirement;  // with the number asked for
  Counted sentence;     // with the number found as well
};

class AtLeast final : public Rule {
 public:
  AtLeast(const Kind& kind, std::uint32_t least) : kind_(kind), least_(least) {}
  std::string id() const override { return kind_.rule; }
  std::string requirement() const override { return counted(kind_.requirement, least_); }
  std::optional<Violation> judge(const Candidate& candidate, const Context&) const override {
    const auto points = candidate.points();
    const auto count =
        static_cast<std::uint32_t>(std::count_if(points.begin(), points.end(), kind_.member));
    if (count >= least_) return std::nullopt;
    return Violation{counted(kind_.sentence, least_, count),
                     {{"least", std::to_string(least_)}, {"has", std::to_string(count)}}};
  }

 private:
  Kind kind_;
  std::uint32_t least_;
};

bool is_cased(std::int32_t c) { return is_upper(c) || is_lower(c); }

// A script without case, such as Han or Arabic, has neither upper nor lower. Where a
// password's letters are all of that kind, as many of them do for both cases as the
// two rules ask for together; one cased letter, and both are asked for.
class AtLeastOfCase final : public Rule {
 public:
  AtLeastOfCase(const Kind& kind, std::uint32_t least, std::uint32_t both)
      : plain_(kind, least), both_(both) {}
  std::string id() const override { return plain_.id(); }
  std::string requirement() const override { return plain_.requirement(); }
  std::optional<Violation> judge(const Candidate& candidate, const Context& c) const override {
    const auto points = candidate.points();
    if (std::none_of(points.begin(), points.end(), is_cased) &&
        std::count_if(points.begin(), points.end(), is_letter) >= both_)
      return std::nullopt;
    return plain_.judge(candidate, c);
  }

 private:
  AtLeast plain_;
  std::uint32_t both_;
};

class MaxLength final : public Rule {
 public:
  explicit MaxLength(std::uint32_t most) : most_(most) {}
  std::string id() const override { return "max_length"; }
  std::string requirement() const override {
    return format(trn("At most %u character", "At most %u characters", most_), most_);
  }
  std::optional<Violation> judge(const Candidate& candidate, const Context&) const override {
    const std::size_t count = candidate.points().size();
    if (count <= most_) return std::nullopt;
    return Violation{format(trn("it is too long: use at most %u character",
                                "it is too long: use at most %u characters", most_),
                            most_),
                     {{"most", std::to_string(most_)}, {"has", std::to_string(count)}}};
  }

 private:
  std::uint32_t most_;
};

}  // namespace

void add_composition_rules(const Options& o, std::vector<std::unique_ptr<Rule>>& rules) {
  const auto at_least = [&](const Kind& kind, std::uint32_t least) {
    if (least > 0) rules.push_back(std::make_unique<AtLeast>(kind, least));
  };
  at_least({"min_length", any, plural("At least %u character", "At least %u characters"),
            plural("it is too short: use at least %u character (it has %u)",
                   "it is too short: use at least %u characters (it has %u)")},
           o.min_length);
  rules.push_back(std::make_unique<MaxLength>(o.max_length));
  at_least({"min_alphanumeric", is_alphanumeric,
            plural("At least %u letter or digit", "At least %u letters and digits"),
            plural("use at least %u letter or digit (it has %u)",
                   "use at least %u letters and digits (it has %u)")},
           o.min_alphanumeric);
  at_least({"min_letter", is_letter, plural("At least %u letter", "At least %u letters"),
            plural("use at least %u letter (it has %u)", "use at least %u letters (it has %u)")},
           o.min_letter);
  const std::uint32_t both_cases = o.min_upper + o.min_lower;
  const auto of_case = [&](const Kind& kind, std::uint32_t least) {
    if (least > 0) rules.push_back(std::make_unique<AtLeastOfCase>(kind, least, both_cases));
  };
  of_case({"min_upper", is_upper,
           plural("At least %u upper-case letter", "At least %u upper-case letters"),
           plural("use at least %u upper-case letter (it has %u)",
                  "use at least %u upper-case letters (it has %u)")},
          o.min_upper);
  of_case({"min_lower", is_lower,
           plural("At least %u lower-case letter", "At least %u lower-case letters"),
           plural("use at least %u lower-case letter (it has %u)",
                  "use at least %u lower-case letters (it has %u)")},
          o.min_lower);
  at_least({"min_digit", is_digit, plural("At least %u digit", "At least %u digits"),
            plural("use at least %u digit (it has %u)", "use at least %u digits (it has %u)")},
           o.min_digit);
  at_least({"min_symbol", is_symbol, plural("At least %u symbol", "At least %u symbols"),
            plural("use at least %u symbol (it has %u)", "use at least %u symbols (it has %u)")},
           o.min_symbol);
}

}  // namespace cred::policy
