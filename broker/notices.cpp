#include "broker/notices.hpp"

#include "base/translate.hpp"

#include <array>
#include <ctime>

namespace cred::broker {
namespace {

// In the machine's time zone, as people read clocks.
std::string local(Time time, const char* pattern) {
  const std::time_t t = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  (void)localtime_r(&t, &parts);
  std::array<char, 64> text{};
  (void)std::strftime(text.data(), text.size(), pattern, &parts);
  return text.data();
}

}  // namespace

std::vector<std::string> notices(const engine::Standing& standing, unsigned days_left) {
  if (standing.code != Code::accepted) return {};
  switch (standing.reason) {
    case engine::Reason::expired: return {tr("Your password has expired: change it with passwd.")};
    case engine::Reason::forced:
      return {tr("An administrator asks you to change your password: use passwd.")};
    case engine::Reason::compromised:
      return {tr("Your password may be known to others: change it with passwd.")};
    case engine::Reason::grace_over:
      return {tr("Your password expired too long ago: an administrator has to reset it.")};
    default: break;
  }
  if (!standing.warn || !standing.due) return {};
  return {format(trn("Warning: your password must be changed in %u day (on %s).",
                     "Warning: your password must be changed in %u days (on %s).", days_left),
                 days_left, local(*standing.due, "%Y-%m-%d").c_str())};
}

std::vector<std::string> notices(const engine::LastLogin& last) {
  std::vector<std::string> lines;
  if (last.login) {
    const engine::Login& login = *last.login;
    const std::string when = local(login.at, "%Y-%m-%d %H:%M:%S %Z");
    if (!login.host.empty())
      // Translators: a time, a remote host, a program.
      lines.push_back(format(tr("Last login: %s from %s (%s)"), when.c_str(), login.host.c_str(),
                             login.service.c_str()));
    else if (!login.tty.empty())
      // Translators: a time, a terminal, a program.
      lines.push_back(format(tr("Last login: %s on %s (%s)"), when.c_str(), login.tty.c_str(),
                             login.service.c_str()));
    else
      // Translators: a time, a program.
      lines.push_back(format(tr("Last login: %s (%s)"), when.c_str(), login.service.c_str()));
  }
  const unsigned n = last.failures_since;
  if (n > 0)
    lines.push_back(format(last.login ? trn("There was %u failed attempt since then.",
                                            "There were %u failed attempts since then.", n)
                                      : trn("There was %u failed attempt before this login.",
                                            "There were %u failed attempts before this login.", n),
                           n));
  return lines;
}

}  // namespace cred::broker
