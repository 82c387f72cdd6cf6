// The main job on a throw-away store: enrolled with credctl, logged in through the
// real pam_cred.so and credd. Every step says what it expects and is checked.

#include "inetd.hpp"
#include "pam_login.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

const std::string user = "alice";
const std::string first = "Correct-Horse-42";
const std::string second = "Purple-Tractor-77";
const std::string third = "Gentle-Volcano-13";

struct Step {
  std::string what;
  std::string outcome;
  bool as_expected;
};

class Demonstration {
 public:
  Demonstration() {
    std::string pattern = std::filesystem::temp_directory_path() / "cred-demo-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    directory_ = pattern;
    std::filesystem::create_directories(directory_ / "pam.d");
    std::filesystem::create_directories(configuration() + ".d");
    std::ofstream(configuration()) << "[store]\nurl = \"sqlite:" << pattern << "/store/cred.db\"\n"
                                   << "[keys]\nroot = \"file:" << pattern << "/keys/root.key\"\n";
    const std::string module = std::string(PAM_CRED) + " nodelay retry=3 socket=" + socket() + "\n";
    std::ofstream(directory_ / "pam.d/login") << "auth required " << module << "account required "
                                              << module << "password required " << module;
  }
  Demonstration(const Demonstration&) = delete;
  Demonstration& operator=(const Demonstration&) = delete;
  ~Demonstration() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string configuration() const { return directory_ / "cred.conf"; }
  std::string socket() const { return directory_ / "credd.sock"; }
  std::string services() const { return directory_ / "pam.d"; }
  void set_maximum_age(const std::string& age) const {
    std::ofstream(configuration() + ".d/demo.conf")
        << "[policy]\nmax_age = \"" << age << "\"\nwarn = \"0s\"\n";
  }
  void default_maximum_age() const { std::filesystem::remove(configuration() + ".d/demo.conf"); }

  void title(const std::string& text) const {
    std::printf("\n  %zu. %s\n", steps_.size() + 1, text.c_str());
  }
  void done(const std::string& what, const std::string& outcome, bool as_expected) {
    std::printf("      => %s\n", outcome.c_str());
    steps_.push_back({what, outcome, as_expected});
  }

  // Runs credctl with one line of standard input; gives its exit status.
  int credctl(std::vector<std::string> arguments, const std::string& input = "") const {
    std::string line = "      $ credctl";
    for (const auto& argument : arguments)
      line += " " + (argument.find(' ') == std::string::npos ? argument : "'" + argument + "'");
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    arguments.insert(arguments.begin(), {"credctl", "--config", configuration()});
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) throw std::runtime_error("pipe failed");
    const pid_t child = fork();
    if (child == 0) {
      (void)dup2(pipe_ends[0], STDIN_FILENO);
      (void)close(pipe_ends[1]);
      std::vector<char*> argv;
      for (auto& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      (void)execv(CREDCTL, argv.data());
      _exit(127);
    }
    (void)close(pipe_ends[0]);
    const std::string text = input + "\n";
    if (write(pipe_ends[1], text.data(), text.size()) < 0) throw std::runtime_error("write failed");
    (void)close(pipe_ends[1]);
    int status = 0;
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

  demo::Login log_in(std::vector<std::string> answers) const {
    std::printf("      login: %s\n", user.c_str());
    const auto login = demo::log_in(services(), user, std::move(answers));
    std::fflush(stdout);
    return login;
  }

  // One screen; true when everything went as it should.
  bool summary() const {
    std::printf(
        "\n  ------------------------------------------------------------------------\n"
        "  Summary: what libcred did, through pam_cred.so, credd and a sealed store\n\n");
    bool all = true;
    for (const auto& step : steps_) {
      std::printf("  %s  %-34s %s\n", step.as_expected ? "ok  " : "FAIL", step.what.c_str(),
                  step.outcome.c_str());
      all = all && step.as_expected;
    }
    std::printf(
        "\n  The store and its key lived in a temporary directory and are gone again.\n"
        "  Next: README.md, \"First steps\", to use it on a machine.\n"
        "  ------------------------------------------------------------------------\n");
    return all;
  }

 private:
  std::filesystem::path directory_;
  std::vector<Step> steps_;
};

std::string in_or_out(const demo::Login& login) {
  if (login.in) return login.changed ? "password changed, then logged in" : "logged in";
  return "not logged in (" +
         demo::pam_text(login.authenticate != 0 ? login.authenticate : login.account) + ")";
}

void show(Demonstration& demonstration) {
  auto& d = demonstration;

  d.title("An administrator creates the store and enrols alice.");
  int status = d.credctl({"init"});
  const int added =
      d.credctl({"user", "add", user, "--full-name", "Alice Miller", "--stdin"}, first);
  d.done("Enrol", "alice is enrolled", status == 0 && added == 0);
  const demo::Inetd inetd(d.socket(), d.configuration());

  d.title("Alice logs in with her password.");
  auto login = d.log_in({first});
  d.done("Right password", in_or_out(login), login.in && !login.changed);

  d.title("Somebody tries another one.");
  login = d.log_in({"Correct-Horse-43"});
  d.done("Wrong password", in_or_out(login), !login.in);

  d.title("The administrator asks for a change; alice tries weak passwords first.");
  status = d.credctl({"expire", user});
  login = d.log_in({first, first, "millerA1", "short", second, second});
  d.done("Weak passwords, then a good one", in_or_out(login),
         status == 0 && login.in && login.changed);

  d.title(
      "Ninety days pass (here: the maximum age is set to one second). The expired\n"
      "     password lets her in only to change it, and an earlier one is refused.");
  d.set_maximum_age("1s");
  (void)sleep(2);
  login = d.log_in({second, second, first, first, third, third});
  d.done("Expiry, reuse refused, new password", in_or_out(login), login.in && login.changed);
  d.default_maximum_age();

  d.title("The old password no longer opens the account; the new one does.");
  login = d.log_in({second});
  const auto renewed = d.log_in({third});
  d.done("Old password, then the new one", in_or_out(login) + "; " + in_or_out(renewed),
         !login.in && renewed.in && !renewed.changed);

  d.title("The administrator looks at the account: no password, no hash to be seen.");
  status = d.credctl({"status", user});
  d.done("Status", "shown", status == 0);
}

}  // namespace

int main() {
  std::printf(
      "\n  libcred: one password, from enrolment to a forced change\n"
      "  Lines with | are what the user sees and types.\n");
  try {
    Demonstration demonstration;
    show(demonstration);
    return demonstration.summary() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
}
