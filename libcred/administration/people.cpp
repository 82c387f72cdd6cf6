#include "administration/people.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <grp.h>
#include <pwd.h>
#include <vector>

namespace cred::administration {
namespace {

// getpwuid_r and its like: `look_up` gets a buffer, which grows as long as it is too
// small.
template <typename LookUp>
void with_buffer(LookUp look_up) {
  std::vector<char> buffer(4096);
  while (look_up(buffer) == ERANGE && buffer.size() < std::size_t{1} << 20)
    buffer.resize(buffer.size() * 2);
}

std::optional<unsigned> number(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<uid_t> uid_of(const std::string& user) {
  std::optional<uid_t> uid = number(user);
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) uid = found->pw_uid;
    return result;
  });
  return uid;
}

std::optional<gid_t> gid_of(const std::string& name) {
  std::optional<gid_t> gid = number(name);
  with_buffer([&](std::vector<char>& buffer) {
    group entry{};
    group* found = nullptr;
    const int result = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) gid = found->gr_gid;
    return result;
  });
  return gid;
}

std::string login_of(uid_t uid) {
  std::string login;
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) login = found->pw_name;
    return result;
  });
  return login;
}

std::string full_name_of(const std::string& login) {
  std::string name;
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwnam_r(login.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr && found->pw_gecos != nullptr) name = found->pw_gecos;
    return result;
  });
  return name.substr(0, name.find(','));
}

std::vector<gid_t> groups_of(const std::string& login) {
  gid_t primary = 0;
  bool there = false;
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwnam_r(login.c_str(), &entry, buffer.data(), buffer.size(), &found);
    there = found != nullptr;
    if (there) primary = found->pw_gid;
    return result;
  });
  if (!there) return {};
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (getgrouplist(login.c_str(), primary, groups.data(), &count) < 0 && count < 1 << 17)
    groups.resize(static_cast<std::size_t>(count *= 2));
  groups.resize(std::min(groups.size(), static_cast<std::size_t>(count)));
  return groups;
}

bool is_there(const std::string& holder) {
  return holder.starts_with('@') ? gid_of(holder.substr(1)).has_value()
                                 : uid_of(holder).has_value();
}

}  // namespace cred::administration
