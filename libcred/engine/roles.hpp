// Who may do what in a realm without being root: the one table of it. credctl(8) shows the
// same.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cred::engine {

// The numbers are stored with grants: none ever changes.
enum class Role : std::uint8_t {
  viewer = 1,     // looks at accounts
  helpdesk = 2,   // and lets people in again
  operator_ = 3,  // and adds, alters and closes accounts
  auditor = 4,    // reads the trail, and no account
  owner = 5,      // everything in the realm that needs no key
};

// What an administrator asks for, as credctl names it.
enum class Operation : std::uint8_t {
  user_list,
  user_show,
  status,
  attempts_show,
  realm_show,
  passwd,
  user_unlock,
  attempts_clear,
  user_add,
  user_set,
  user_lock,
  user_disable,
  user_enable,
  expire,
  compromise,
  audit_show,
  audit_verify,
  audit_export,
  user_erase,
  user_export,
  grant_list,
  grant_add,
  grant_remove,
  realm_suspend,
  realm_resume,
};

// Every role, and every operation, in the order of the enumerations.
std::span<const Role> all_roles() noexcept;
std::span<const Operation> all_operations() noexcept;

bool allows(Role role, Operation operation) noexcept;
// It leaves no event of its own in the trail.
bool reads(Operation operation) noexcept;

// The stable words: "helpdesk", "user unlock".
const char* word(Role role) noexcept;
const char* word(Operation operation) noexcept;

std::optional<Role> role_of(std::uint8_t number) noexcept;
std::optional<Operation> operation_of(std::string_view word) noexcept;
// Errors: usage, with the nearest right word.
Expected<Role> parse_role(std::string_view word);

// "operator or owner": the roles that allow it.
std::string roles_for(Operation operation);

}  // namespace cred::engine
