#include "broker/authority.hpp"

#include <array>
#include <cerrno>
#include <pwd.h>
#include <vector>

namespace cred::broker {
namespace {

constexpr std::string_view system_realm = "system";

bool is_login_of(std::string_view account, uid_t uid) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < std::size_t{1} << 20)
    buffer.resize(buffer.size() * 2);
  return found != nullptr && account == found->pw_name;
}

}  // namespace

uid_t acting_uid(const Principal& principal, const wire::Request& request) {
  if (principal.uid != 0) return principal.uid;
  return principal.real ? *principal.real : request.real_uid;
}

std::string source_of(const Principal& principal, const wire::Request& request) {
  constexpr uid_t nobody_named = 0xffffffff;
  const uid_t uid = acting_uid(principal, request);
  if (uid != 0 && uid != nobody_named) return "uid " + std::to_string(uid);
  if (!request.source.rhost.empty()) return "host " + std::string(request.source.rhost);
  return "uid 0";
}

bool may(const Principal& principal, const wire::Request& request) {
  if (request.kind == wire::Kind::reset) return acting_uid(principal, request) == 0;
  if (principal.uid == 0) return true;
  return request.realm == system_realm && is_login_of(request.account, principal.uid);
}

}  // namespace cred::broker
