// Users and groups of this machine, as its name services know them.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace cred::administration {

// A name's; of a number that is no name: itself. Unset: neither.
std::optional<uid_t> uid_of(const std::string& user);
std::optional<gid_t> gid_of(const std::string& group);
// Empty: there is none.
std::string login_of(uid_t uid);
// As the comment field begins; empty: there is none, or no such user.
std::string full_name_of(const std::string& login);
// Of the user with this name, the primary one too. Empty: there is none.
std::vector<gid_t> groups_of(const std::string& login);

// Whether there is the user, or the group behind an '@'.
bool is_there(const std::string& holder);

}  // namespace cred::administration
