#include "pam_module/options.hpp"

#include <string_view>
#include <syslog.h>

#include <security/pam_ext.h>

namespace cred::pam {
namespace {

constexpr int most_tries = 10;

// What follows `name` in `argument`, or null when the argument is another one.
const char* value_of(const char* argument, std::string_view name) noexcept {
  return std::string_view(argument).starts_with(name) ? argument + name.size() : nullptr;
}

// The number of tries that `text` says, or nought when it says none in range.
int tries_from(const char* text) noexcept {
  int value = 0;
  for (; *text >= '0' && *text <= '9' && value <= most_tries; ++text)
    value = value * 10 + *text - '0';
  return *text == '\0' && value <= most_tries ? value : 0;
}

// False: no such argument, or not with this value.
bool apply(Options& options, const char* argument) noexcept {
  const std::string_view word = argument;
  if (word == "try_first_pass" || word == "nullok") return true;  // nothing to change
  if (word == "use_first_pass") return options.use_first_pass = true;
  if (word == "use_authtok") return options.use_authtok = true;
  if (word == "debug") return options.debug = true;
  if (word == "nodelay") return options.nodelay = true;
  if (word == "migrate") return options.migrate = true;
  if (const char* type = value_of(argument, "authtok_type=")) {
    options.authtok_type = type;
    return true;
  }
  if (const char* retry = value_of(argument, "retry=")) {
    const int tries = tries_from(retry);
    if (tries != 0) options.retry = tries;
    return tries != 0;
  }
  struct Path {
    std::string_view name;
    const char*& target;
  };
  const Path paths[] = {
      {"realm=", options.realm}, {"socket=", options.socket}, {"config=", options.configuration}};
  for (const Path& path : paths) {
    const char* value = value_of(argument, path.name);
    if (value == nullptr || *value == '\0') continue;
    path.target = value;
    return true;
  }
  return false;
}

}  // namespace

Options Options::parse(pam_handle_t* pamh, int argc, const char** argv) noexcept {
  Options options;
  for (int i = 0; i < argc; ++i)
    if (!apply(options, argv[i])) pam_syslog(pamh, LOG_ERR, "ignored argument: %s", argv[i]);
  return options;
}

}  // namespace cred::pam
