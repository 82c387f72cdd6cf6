#include "cli/session.hpp"

#include "administration/views.hpp"
#include "audit/event_log.hpp"
#include "cli/root_secrets.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

void print(std::FILE* stream, const std::string& text) {
  std::fputs(text.c_str(), stream);
  std::fputc('\n', stream);
}

// Names may hold anything that is UTF-8; a damaged one must not end the output.
std::string dump(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

namespace {

// A unit may hand the root key over to whoever cannot read its file.
Expected<engine::Configuration> with_credential(Expected<engine::Configuration> configuration) {
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (configuration && directory != nullptr &&
      access((std::string(directory) + "/root.key").c_str(), R_OK) == 0)
    configuration->root_key_url = "credential:root.key";
  return configuration;
}

}  // namespace

Session::Session() : root_secrets(std::make_shared<RootSecrets>()) {}

Expected<engine::Configuration> Session::configuration() const {
  return with_credential(configured());
}

Expected<engine::Configuration> Session::configured() const {
  if (!config.empty()) return engine::load_configuration(config);
  const char* path = secure_getenv("CRED_CONFIG");
  if (path == nullptr || *path == '\0') return engine::load_configuration("");
  if (geteuid() == 0) {
    // A root shell may carry a variable that somebody else chose.
    print(stderr, "credctl: CRED_CONFIG is ignored for root; use --config");
    return engine::load_configuration("");
  }
  return engine::load_configuration(path);
}

Expected<engine::Engine> Session::engine() const {
  const auto loaded = configuration();
  if (!loaded) return tl::make_unexpected(loaded.error());
  return engine(*loaded);
}

Expected<engine::Engine> Session::engine(const engine::Configuration& configuration) const {
  return engine::Engine::open(configuration, std::make_shared<SystemClock>(),
                              audit::EventLog("credctl"), ask());
}

vault::AskSecret Session::ask() const {
  if (!root_secrets->can_ask()) return {};
  return [secrets = root_secrets](const std::string& prompt) { return secrets->answer(prompt); };
}

Expected<void> Session::take_passphrase() { return root_secrets->take_first_line(); }

Expected<engine::Realm> Session::realm() const {
  auto opened = engine();
  if (!opened) return tl::make_unexpected(opened.error());
  return opened->realm(realm_name);
}

bool Session::lacks_rights(const Error& error) {
  return geteuid() != 0 && error.code == Code::configuration;
}

engine::Actor Session::actor() const {
  const passwd* user = getpwuid(getuid());
  return {"uid " + std::to_string(getuid()) +
              (user != nullptr ? std::string(" (") + user->pw_name + ")" : "") + " by credctl",
          getuid(), source(), "credctl", terminal_name()};
}

std::string terminal_name() {
  for (const int fd : {STDIN_FILENO, STDERR_FILENO, STDOUT_FILENO}) {
    std::array<char, 256> name{};
    if (ttyname_r(fd, name.data(), name.size()) == 0) return name.data();
  }
  return {};
}

std::string Session::source() const { return "uid " + std::to_string(getuid()); }

int Session::finish(Code code, const std::string& text, const nlohmann::json& details) const {
  if (json) {
    nlohmann::json object = details.is_object() ? details : nlohmann::json::object();
    object["status"] = word(code);
    print(stdout, dump(object));
  } else if (!quiet && !text.empty()) {
    print(stdout, text);
  }
  return static_cast<int>(code);
}

int Session::fail(const Error& error) const {
  return fail(error.code, {{"message", error.message}});
}

int Session::fail(Code code, const nlohmann::json& details) const {
  if (json) return finish(code, "", details);
  print(stderr, "credctl: " + details.value("message", ""));
  if (const auto violations = details.find("violations"); violations != details.end())
    for (const auto& violation : *violations)
      print(stderr,
            "  - " + violation.value("message", "") + " [" + violation.value("rule", "") + "]");
  return static_cast<int>(code);
}

int Session::refuse(const std::string& what, const std::vector<policy::Verdict>& verdicts) const {
  return fail(Code::refused, {{"message", what + ": the password was refused"},
                              {"violations", administration::violations_json(verdicts)}});
}

void Session::warn(const std::string& message) const {
  print(stderr, "credctl: warning: " + message);
}

}  // namespace cred::cli
