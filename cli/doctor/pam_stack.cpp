#include "cli/doctor/pam_stack.hpp"

#include <algorithm>

namespace cred::doctor {
namespace {

// libpam's PAM_SUBSTACK_MAX_LEVEL, and a bound for files that include one another.
constexpr unsigned deepest = 16;
constexpr std::size_t most_steps = 4000;
constexpr unsigned most_files = 500;

class Assembly {
 public:
  Assembly(Facility facility, const PamFiles& files) : facility_(facility), files_(files) {}

  void take(const std::string& name, unsigned level, unsigned depth, const PamLine* from) {
    const std::string place =
        from == nullptr ? "" : from->file + ":" + std::to_string(from->number) + ": ";
    const bool bounded = depth < deepest && ++taken_ <= most_files;
    const auto lines = bounded ? files_(name) : std::nullopt;
    if (!lines) {
      if (from == nullptr) return;
      fail(*from, level,
           bounded ? "it includes " + name + ", which is missing or cannot be read"
                   : "files include one another too deeply, or too often");
      return;
    }
    for (const PamLine& line : *lines) {
      if (stack_.steps.size() >= most_steps) return;
      add(line, level, depth);
    }
  }
  PamStack done() && { return std::move(stack_); }

 private:
  void add(const PamLine& line, unsigned level, unsigned depth) {
    using Kind = PamLine::Kind;
    if (line.kind == Kind::all) return take(line.module, level, depth + 1, &line);
    // libpam takes a line of no type for one of each.
    const bool typeless = line.kind == Kind::broken && line.control.empty();
    if (line.facility != facility_ && !typeless) return;
    switch (line.kind) {
      case Kind::include: return take(line.module, level, depth + 1, &line);
      case Kind::substack:
        stack_.steps.push_back({line, level});
        return take(line.module, level + 1, depth + 1, &line);
      case Kind::broken: return fail(line, level, line.fault);
      case Kind::module:
      case Kind::all: stack_.steps.push_back({line, level}); return;
    }
  }
  void fail(PamLine line, unsigned level, const std::string& why) {
    stack_.faults.push_back(line.file + ":" + std::to_string(line.number) + ": " + why);
    line.kind = PamLine::Kind::broken;
    line.actions.fill({Action::Kind::bad, 0});
    stack_.steps.push_back({std::move(line), level});
  }

  const Facility facility_;
  const PamFiles& files_;
  PamStack stack_;
  unsigned taken_ = 0;
};

enum class Impression : std::uint8_t { undecided, positive, negative };

struct State {
  Impression impression = Impression::undecided;
  Answer status = Answer::perm_denied;
};

// One walk through the steps; the names follow libpam's pam_dispatch.c.
class Walk {
 public:
  explicit Walk(const std::vector<Step>& steps) : steps_(steps) {}

  Verdict run(const std::function<Answer(const Step&)>& returns) {
    std::array<State, deepest + 2> before{};
    unsigned previous = 0;
    for (at_ = 0; at_ < steps_.size(); ++at_) {
      const Step& step = steps_[at_];
      const unsigned level = std::min<unsigned>(step.level, deepest + 1);
      if (previous < level) before[level] = state_;
      previous = level;
      if (step.line.kind == PamLine::Kind::substack) continue;
      Answer answer = Answer::perm_denied;
      if (step.line.kind == PamLine::Kind::module) {
        answer = returns(step);
        verdict_.ran.push_back(at_);
      }
      act(step.line.actions[static_cast<std::size_t>(answer)], answer, before[level]);
    }
    verdict_.answer = state_.status == Answer::success && state_.impression != Impression::positive
                          ? Answer::perm_denied
                          : state_.status;
    return verdict_;
  }

 private:
  void act(const Action& action, Answer answer, const State& before) {
    using Kind = Action::Kind;
    switch (action.kind) {
      case Kind::ignore: break;
      case Kind::reset: state_ = before; break;
      case Kind::ok:
      case Kind::done:
        if (state_.impression == Impression::undecided ||
            (state_.impression == Impression::positive && state_.status == Answer::success))
          state_ = {Impression::positive, answer};
        if (action.kind == Kind::done && state_.impression == Impression::positive) leave();
        break;
      case Kind::unset:
      case Kind::bad:
      case Kind::die:
        if (state_.impression != Impression::negative)
          state_ = {Impression::negative, answer == Answer::ignore ? Answer::perm_denied : answer};
        if (action.kind == Kind::die) leave();
        break;
      case Kind::jump: jump(action.count); break;
    }
  }
  bool next_is_at_least(unsigned level) const {
    return at_ + 1 < steps_.size() && steps_[at_ + 1].level >= level;
  }
  // To the end of this stack or substack.
  void leave() {
    const unsigned level = steps_[at_].level;
    while (next_is_at_least(level)) ++at_;
  }
  // A substack counts as one.
  void jump(unsigned count) {
    const unsigned level = steps_[at_].level;
    for (; count > 0 && next_is_at_least(level); --count) do
        ++at_;
      while (next_is_at_least(level + 1));
    if (count > 0) state_ = {Impression::negative, Answer::perm_denied};
  }

  const std::vector<Step>& steps_;
  std::size_t at_ = 0;
  State state_;
  Verdict verdict_;
};

}  // namespace

PamStack assemble(const std::string& service, Facility facility, const PamFiles& files) {
  Assembly assembly(facility, files);
  assembly.take(service, 0, 0, nullptr);
  return std::move(assembly).done();
}

Verdict evaluate(const std::vector<Step>& steps,
                 const std::function<Answer(const Step&)>& returns) {
  return Walk(steps).run(returns);
}

}  // namespace cred::doctor
