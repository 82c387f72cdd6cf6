#include "engine/roles.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <array>

namespace cred::engine {
namespace {

constexpr std::array roles = {Role::viewer, Role::helpdesk, Role::operator_, Role::auditor,
                              Role::owner};
constexpr std::array<std::string_view, roles.size()> role_words = {"viewer", "helpdesk", "operator",
                                                                   "auditor", "owner"};

// A column of the table: who may.
struct Allowed {
  bool viewer, helpdesk, operator_, auditor, owner;
};
constexpr Allowed viewers{true, true, true, false, true};
constexpr Allowed helpers{false, true, true, false, true};
constexpr Allowed operators{false, false, true, false, true};
constexpr Allowed auditors{false, false, false, true, true};
constexpr Allowed owners{false, false, false, false, true};
constexpr Allowed everybody{true, true, true, true, true};

enum class Effect : std::uint8_t { reads, changes };

struct Row {
  Operation operation;
  const char* word;
  Allowed allowed;
  Effect effect;
};

constexpr std::array rows = {
    Row{Operation::user_list, "user list", viewers, Effect::reads},
    Row{Operation::user_show, "user show", viewers, Effect::reads},
    Row{Operation::status, "status", viewers, Effect::reads},
    Row{Operation::attempts_show, "attempts show", viewers, Effect::reads},
    Row{Operation::realm_show, "realm show", everybody, Effect::reads},
    Row{Operation::passwd, "passwd", helpers, Effect::changes},
    Row{Operation::user_unlock, "user unlock", helpers, Effect::changes},
    Row{Operation::attempts_clear, "attempts clear", helpers, Effect::changes},
    Row{Operation::user_add, "user add", operators, Effect::changes},
    Row{Operation::user_set, "user set", operators, Effect::changes},
    Row{Operation::user_lock, "user lock", operators, Effect::changes},
    Row{Operation::user_disable, "user disable", operators, Effect::changes},
    Row{Operation::user_enable, "user enable", operators, Effect::changes},
    Row{Operation::expire, "expire", operators, Effect::changes},
    Row{Operation::compromise, "compromise", operators, Effect::changes},
    Row{Operation::audit_show, "audit show", auditors, Effect::reads},
    Row{Operation::audit_verify, "audit verify", auditors, Effect::reads},
    Row{Operation::audit_export, "audit export", auditors, Effect::reads},
    Row{Operation::user_erase, "user erase", owners, Effect::changes},
    Row{Operation::user_export, "user export", owners, Effect::changes},
    Row{Operation::grant_list, "grant list", owners, Effect::reads},
    Row{Operation::grant_add, "grant add", owners, Effect::changes},
    Row{Operation::grant_remove, "grant remove", owners, Effect::changes},
    Row{Operation::realm_suspend, "realm suspend", owners, Effect::changes},
    Row{Operation::realm_resume, "realm resume", owners, Effect::changes},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].operation) != i) return false;
  return true;
}
static_assert(in_order());

constexpr auto operations = [] {
  std::array<Operation, rows.size()> all{};
  for (std::size_t i = 0; i < rows.size(); ++i) all[i] = rows[i].operation;
  return all;
}();

const Row& row_of(Operation operation) noexcept {
  return rows[static_cast<std::size_t>(operation)];
}

}  // namespace

std::span<const Role> all_roles() noexcept { return roles; }
std::span<const Operation> all_operations() noexcept { return operations; }

bool allows(Role role, Operation operation) noexcept {
  const Allowed& allowed = row_of(operation).allowed;
  switch (role) {
    case Role::viewer: return allowed.viewer;
    case Role::helpdesk: return allowed.helpdesk;
    case Role::operator_: return allowed.operator_;
    case Role::auditor: return allowed.auditor;
    case Role::owner: return allowed.owner;
  }
  return false;
}

bool reads(Operation operation) noexcept { return row_of(operation).effect == Effect::reads; }

const char* word(Role role) noexcept {
  return role_words[static_cast<std::size_t>(role) - 1].data();
}

const char* word(Operation operation) noexcept { return row_of(operation).word; }

std::optional<Role> role_of(std::uint8_t number) noexcept {
  if (number == 0 || number > roles.size()) return std::nullopt;
  return roles[number - 1U];
}

std::optional<Operation> operation_of(std::string_view word) noexcept {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return word == r.word; });
  return row != rows.end() ? std::optional(row->operation) : std::nullopt;
}

Expected<Role> parse_role(std::string_view word) {
  for (std::size_t i = 0; i < roles.size(); ++i)
    if (role_words[i] == word) return roles[i];
  return fail(Code::usage, "there is no role '" + std::string(word.substr(0, 64)) +
                               "'; did you mean '" + std::string(nearest(word, role_words)) + "'?");
}

std::string roles_for(Operation operation) {
  std::string text;
  const std::string_view last = role_words.back();  // an owner may do everything
  for (std::size_t i = 0; i + 1 < roles.size(); ++i)
    if (allows(roles[i], operation))
      text += (text.empty() ? "" : ", ") + std::string(role_words[i]);
  return text.empty() ? std::string(last) : text + " or " + std::string(last);
}

}  // namespace cred::engine
