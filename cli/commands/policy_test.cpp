#include "base/file.hpp"
#include "cli/commands/commands.hpp"
#include "cli/password_lines.hpp"
#include "cli/policy_trial.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "cli/trial_page.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::cli {
namespace {

struct Request {
  std::string list;
  std::string user;
  std::string policy_file;
  std::string preset;
  std::string page;
};

struct Choice {
  policy::Options options;
  std::string name;  // for people
};

constexpr std::size_t largest_policy = 1024 * 1024;

Expected<Choice> candidate(const Session& session, const Request& request) {
  if (!request.preset.empty()) {
    auto options = policy::preset(request.preset);
    if (!options) return fail(Code::usage, options.error().message);
    return Choice{std::move(*options), "preset " + request.preset};
  }
  if (!request.policy_file.empty()) {
    const auto text = read_file(request.policy_file, largest_policy);
    if (!text) return fail(text.error().code, request.policy_file + " " + text.error().message);
    engine::Configuration configuration;
    if (auto read = engine::apply_configuration(*text, request.policy_file, configuration); !read)
      return tl::make_unexpected(read.error());
    if (configuration.policy.origins.empty())
      return fail(Code::configuration,
                  request.policy_file + " sets no policy; write its options below [policy]");
    return Choice{std::move(configuration.policy.options), "that of " + request.policy_file};
  }
  const auto configuration = session.configuration();
  if (!configuration) return tl::make_unexpected(configuration.error());
  const auto& options = configuration->policy_of(session.realm_name).options;
  return Choice{options, "the effective one, preset " + options.preset};
}

// The account's profile; of nobody, when no name is given.
Expected<engine::Profile> profile_of(const Session& session, const std::string& user) {
  if (user.empty()) return engine::Profile{};
  auto realm = session.realm();
  if (!realm) return tl::make_unexpected(realm.error());
  auto status = realm->status(user);
  if (!status) return tl::make_unexpected(status.error());
  return std::move(status->profile);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

policy::Context context_of(const std::string& login, const engine::Profile& profile,
                           const std::string& host, const std::string& realm) {
  policy::Context context;
  context.login = login;
  context.full_name = profile.full_name;
  context.email = profile.email;
  context.phone = profile.phone;
  context.birth_date = profile.birth_date;
  for (const auto& attribute : profile.attributes) context.attributes.push_back(attribute.second);
  context.host = host;
  context.realm = realm;
  return context;
}

class Input {
 public:
  explicit Input(const std::string& path)
      : name_(path == "-" ? "standard input" : path),
        fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail_reading();
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() {
    if (fd_ != STDIN_FILENO) (void)close(fd_);
  }
  int fd() const { return fd_; }
  // 0: not known.
  std::uint64_t size() const {
    struct stat file {};
    return fstat(fd_, &file) == 0 && S_ISREG(file.st_mode)
               ? static_cast<std::uint64_t>(file.st_size)
               : 0;
  }
  [[noreturn]] void fail_reading() const {
    throw Failure(Code::usage, "cannot read passwords from " + name_ + ": " + std::strerror(errno) +
                                   "; give a file with one a line");
  }

 private:
  const std::string name_;
  const int fd_;
};

void run_through(PolicyTrial& trial, const std::string& path) {
  const Input input(path);
  const std::uint64_t size = input.size();
  PasswordLines lines(input.fd());
  Progress progress("Judging", "passwords");
  Secret line;
  for (std::uint64_t count = 1;; ++count) {
    switch (lines.next(line)) {
      case Secret::Line::read: trial.judge(line); break;
      case Secret::Line::too_long: trial.reject("the password is longer than 1,024 bytes"); break;
      case Secret::Line::end: return;
      case Secret::Line::failed: input.fail_reading();
    }
    progress.update(count, lines.position(), size);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string as_text(const PolicyTrial& trial, const TrialTitle& title) {
  const auto total = trial.total();
  std::vector<std::vector<std::string>> facts{{"Policy:", title.policy}, {"Realm:", title.realm}};
  if (!title.account.empty()) facts.push_back({"Account:", title.account});
  facts.push_back({"Passwords:", std::to_string(total)});
  const auto with_share = [&](std::uint64_t n) {
    return std::to_string(n) + " (" + share_text(n, total) + ")";
  };
  facts.push_back({"Accepted:", with_share(trial.accepted())});
  facts.push_back({"Refused:", with_share(trial.refused())});
  std::string text = table(facts, "");
  std::vector<std::vector<std::string>> rows{{"rule", "refused", "share", "alone", "requirement"}};
  for (const auto& row : trial.rows())
    if (row.asked)
      rows.push_back({row.rule, std::to_string(row.refused), share_text(row.refused, total),
                      std::to_string(row.alone), row.requirement});
  if (rows.size() > 1) text += "\n" + table(rows, "  ");
  if (!trial.not_passwords().empty()) {
    std::vector<std::vector<std::string>> rejects{{"lines", "that are no password, and why"}};
    for (const auto& [reason, lines] : trial.not_passwords())
      rejects.push_back({std::to_string(lines), reason});
    text += "\n" + table(rejects, "  ");
  }
  if (const auto left_out = trial.not_asked(); !left_out.empty())
    text += "\nNot asked: " + joined(left_out) + "\n";
  text.pop_back();
  return text;
}

nlohmann::json as_json(const PolicyTrial& trial, const TrialTitle& title) {
  auto rules = nlohmann::json::array();
  for (const auto& row : trial.rows())
    if (row.asked)
      rules.push_back({{"rule", row.rule},
                       {"requirement", row.requirement},
                       {"refused", row.refused},
                       {"alone", row.alone}});
  auto rejects = nlohmann::json::array();
  for (const auto& [reason, lines] : trial.not_passwords())
    rejects.push_back({{"reason", reason}, {"lines", lines}});
  return {{"realm", title.realm},           {"policy", title.policy},
          {"total", trial.total()},         {"accepted", trial.accepted()},
          {"refused", trial.refused()},     {"not_passwords", rejects},
          {"not_asked", trial.not_asked()}, {"rules", rules}};
}

int test(const Session& session, const Request& request) {
  auto choice = candidate(session, request);
  if (!choice) return session.fail(choice.error());
  const auto profile = profile_of(session, request.user);
  if (!profile) return session.fail(profile.error());
  const std::string host = host_name();
  const auto context = context_of(request.user, *profile, host, session.realm_name);
  const TrialTitle title{choice->name, session.realm_name, request.user,
                         engine::print_time(SystemClock().now())};
  try {
    const policy::Policy policy(std::move(choice->options));
    PolicyTrial trial(policy, context,
                      session.realm_name == engine::system_realm ? engine::max_system_password_bytes
                                                                 : max_password_bytes);
    run_through(trial, request.list);
    for (const auto& message : trial.data_failures()) session.warn(message);
    if (!request.page.empty()) value_or_throw(write_whole(request.page, trial_page(trial, title)));
    return session.finish(Code::accepted, as_text(trial, title), as_json(trial, title));
  } catch (const Failure& failure) {
    return session.fail(failure.error());
  }
}

}  // namespace

void add_policy_test(CLI::App& policy, const Session& session, Action& action) {
  auto* command = policy.add_subcommand(
      "test", "Run a policy over a list of passwords: which rule refuses how many");
  auto request = std::make_shared<Request>();
  command->add_option("FILE", request->list, "Passwords, one a line; - for standard input")
      ->required();
  command->add_option("--user", request->user, "Judge them for this account: its profile")
      ->type_name("NAME");
  auto* file = command->add_option("--policy", request->policy_file,
                                   "A TOML file whose [policy] is tried, not the effective one");
  file->type_name("FILE");
  command->add_option("--preset", request->preset, "A preset to try instead")
      ->type_name("NAME")
      ->excludes(file);
  command->add_option("--html", request->page, "Write a page with a bar chart, too")
      ->type_name("FILE");
  command->footer(
      "Example: credctl policy test passwords.txt --preset nist-800-63b-4 --html trial.html\n"
      "No password is shown, and none is looked up in an account's history.");
  command->callback([&session, &action, request] {
    action = [&session, request] { return test(session, *request); };
  });
}

}  // namespace cred::cli
