#include "cli/doctor/pam_file.hpp"

#include <algorithm>
#include <cctype>

namespace cred::doctor {
namespace {

constexpr std::array<std::string_view, answers> names{"success",
                                                      "open_err",
                                                      "symbol_err",
                                                      "service_err",
                                                      "system_err",
                                                      "buf_err",
                                                      "perm_denied",
                                                      "auth_err",
                                                      "cred_insufficient",
                                                      "authinfo_unavail",
                                                      "user_unknown",
                                                      "maxtries",
                                                      "new_authtok_reqd",
                                                      "acct_expired",
                                                      "session_err",
                                                      "cred_unavail",
                                                      "cred_expired",
                                                      "cred_err",
                                                      "no_module_data",
                                                      "conv_err",
                                                      "authtok_err",
                                                      "authtok_recover_err",
                                                      "authtok_lock_busy",
                                                      "authtok_disable_aging",
                                                      "try_again",
                                                      "ignore",
                                                      "abort",
                                                      "authtok_expired",
                                                      "module_unknown",
                                                      "bad_item",
                                                      "conv_again",
                                                      "incomplete"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

// A logical line: without its comment, and with what a backslash at its end goes on with.
struct Text {
  std::string text;
  std::size_t number = 0;
};

std::vector<Text> logical_lines(std::string_view text) {
  std::vector<Text> lines;
  std::size_t number = 0;
  bool goes_on = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    // libpam ends a line at a '#' wherever it stands.
    const std::size_t comment = line.find('#');
    if (comment != std::string_view::npos) line = line.substr(0, comment);
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    const bool more = comment == std::string_view::npos && line.ends_with('\\');
    if (more) line.remove_suffix(1);
    if (goes_on)
      lines.back().text += " " + std::string(line);
    else
      lines.push_back({std::string(line), number});
    goes_on = more;
  }
  return lines;
}

// Takes words off the front of a line; one in square brackets is one, with "\]" for "]".
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::optional<std::string> next() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
    if (text_.empty()) return std::nullopt;
    bracketed_ = text_.front() == '[';
    return bracketed_ ? bracketed() : plain();
  }
  // Whether the last word stood in brackets.
  bool was_bracketed() const { return bracketed_; }

 private:
  std::string plain() {
    const auto end = std::find_if(text_.begin(), text_.end(), is_space);
    const std::string word(text_.begin(), end);
    text_.remove_prefix(word.size());
    return word;
  }
  std::string bracketed() {
    std::string word;
    text_.remove_prefix(1);
    while (!text_.empty() && text_.front() != ']') {
      if (text_.starts_with("\\]")) text_.remove_prefix(1);
      word += text_.front();
      text_.remove_prefix(1);
    }
    if (!text_.empty()) text_.remove_prefix(1);
    return word;
  }
  std::string_view text_;
  bool bracketed_ = false;
};

std::optional<Facility> facility_of(std::string_view word) {
  for (const auto facility :
       {Facility::auth, Facility::account, Facility::password, Facility::session})
    if (same_word(word, doctor::word(facility))) return facility;
  return std::nullopt;
}

void set(Actions& actions, std::initializer_list<Answer> which, Action::Kind kind) {
  for (const Answer answer : which) actions[static_cast<std::size_t>(answer)] = {kind, 0};
}

std::optional<Actions> of_word(std::string_view control) {
  using Kind = Action::Kind;
  Actions actions;
  const auto all = [&](Kind kind) { actions.fill({kind, 0}); };
  if (same_word(control, "required") || same_word(control, "requisite")) {
    all(same_word(control, "required") ? Kind::bad : Kind::die);
    set(actions, {Answer::success, Answer::new_authtok_reqd}, Kind::ok);
    set(actions, {Answer::ignore}, Kind::ignore);
  } else if (same_word(control, "sufficient")) {
    all(Kind::ignore);
    set(actions, {Answer::success, Answer::new_authtok_reqd}, Kind::done);
  } else if (same_word(control, "optional")) {
    all(Kind::ignore);
    set(actions, {Answer::success, Answer::new_authtok_reqd}, Kind::ok);
  } else {
    return std::nullopt;
  }
  return actions;
}

std::optional<Action> action_of(std::string_view word) {
  using Kind = Action::Kind;
  constexpr std::array<std::pair<std::string_view, Kind>, 6> words{{{"ignore", Kind::ignore},
                                                                    {"ok", Kind::ok},
                                                                    {"done", Kind::done},
                                                                    {"bad", Kind::bad},
                                                                    {"die", Kind::die},
                                                                    {"reset", Kind::reset}}};
  for (const auto& [name, kind] : words)
    if (same_word(word, name)) return Action{kind, 0};
  if (word.empty() || word.size() > 6 ||
      !std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  unsigned count = 0;
  for (const char c : word) count = count * 10 + static_cast<unsigned>(c - '0');
  if (count == 0) return std::nullopt;
  return Action{Kind::jump, count};
}

// "success=2 default=ignore". Nothing: libpam takes such a line for bad whatever comes.
std::optional<Actions> of_brackets(std::string_view control) {
  Actions actions;
  std::optional<Action> otherwise;
  std::string spaced;
  // Blanks may stand around the '='.
  for (const char c : control) {
    if (c == '=') {
      while (!spaced.empty() && is_space(spaced.back())) spaced.pop_back();
      spaced += c;
    } else if (!(is_space(c) && spaced.ends_with('='))) {
      spaced += c;
    }
  }
  Words words(spaced);
  while (const auto word = words.next()) {
    const std::size_t sign = word->find('=');
    if (sign == std::string::npos) return std::nullopt;
    const auto action = action_of(std::string_view(*word).substr(sign + 1));
    const std::string_view answer = std::string_view(*word).substr(0, sign);
    if (!action) return std::nullopt;
    if (same_word(answer, "default")) {
      otherwise = action;
      continue;
    }
    const auto known =
        std::ranges::find_if(names, [&](std::string_view name) { return same_word(name, answer); });
    if (known == names.end()) return std::nullopt;
    actions[static_cast<std::size_t>(known - names.begin())] = *action;
  }
  for (Action& action : actions)
    if (action.kind == Action::Kind::unset && otherwise) action = *otherwise;
  return actions;
}

PamLine parse_line(const Text& text, const std::string& file) {
  PamLine line;
  line.file = file;
  line.number = text.number;
  line.actions.fill({Action::Kind::bad, 0});
  Words words(text.text);
  std::string type = words.next().value_or("");
  if (same_word(type, "@include")) {
    line.module = words.next().value_or("");
    if (line.module.empty())
      line.fault = "@include names no file";
    else
      line.kind = PamLine::Kind::all;
    return line;
  }
  // A '-' lets libpam be silent where the module is missing; it changes nothing else.
  if (type.starts_with('-')) type.erase(0, 1);
  const auto facility = facility_of(type);
  if (!facility) {
    line.fault = "\"" + type.substr(0, 40) + "\" is neither auth, account, password nor session";
    return line;
  }
  line.facility = *facility;
  line.control = words.next().value_or("");
  const bool bracketed = words.was_bracketed();
  line.module = words.next().value_or("");
  while (auto argument = words.next()) line.arguments.push_back(std::move(*argument));
  if (line.module.empty()) {
    line.fault = "no module is named";
    return line;
  }
  if (!bracketed && (same_word(line.control, "include") || same_word(line.control, "substack"))) {
    line.kind =
        same_word(line.control, "include") ? PamLine::Kind::include : PamLine::Kind::substack;
    return line;
  }
  const auto actions = bracketed ? of_brackets(line.control) : of_word(line.control);
  if (bracketed) line.control = "[" + line.control + "]";
  if (!actions) {
    line.fault = "\"" + line.control.substr(0, 80) + "\" is no control";
    return line;
  }
  line.kind = PamLine::Kind::module;
  line.actions = *actions;
  return line;
}

}  // namespace

const char* word(Facility facility) noexcept {
  switch (facility) {
    case Facility::auth: return "auth";
    case Facility::account: return "account";
    case Facility::password: return "password";
    case Facility::session: break;
  }
  return "session";
}

std::string_view word(Answer answer) noexcept { return names[static_cast<std::size_t>(answer)]; }

std::string PamLine::name() const {
  std::string base = module.substr(module.rfind('/') + 1);
  if (base.ends_with(".so")) base.resize(base.size() - 3);
  return base;
}

bool PamLine::has(std::string_view argument) const {
  return std::ranges::find(arguments, argument) != arguments.end();
}

std::optional<std::vector<PamLine>> parse_pam_file(std::string_view text, const std::string& file) {
  if (text.size() > largest_pam_file) return std::nullopt;
  std::vector<PamLine> lines;
  for (const Text& logical : logical_lines(text)) {
    if (std::ranges::all_of(logical.text, is_space)) continue;
    if (lines.size() == most_pam_lines) return std::nullopt;
    lines.push_back(parse_line(logical, file));
  }
  return lines;
}

}  // namespace cred::doctor
