#include "cli/root_secrets.hpp"

#include "cli/terminal.hpp"
#include "vault/root_key.hpp"

#include <utility>

namespace cred::cli {
namespace {

constexpr const char* what = "passphrase or PIN of the root key";

Secret copy(const Secret& secret) { return Secret::copy_of(secret.bytes()); }

}  // namespace

Expected<void> RootSecrets::take_first_line() {
  auto line = password_from_stdin(what);
  if (!line) return tl::make_unexpected(line.error());
  first_line_ = std::move(*line);
  from_stdin_ = true;
  return {};
}

bool RootSecrets::can_ask() const { return from_stdin_ || check_terminal(); }

Expected<Secret> RootSecrets::next_line() {
  if (first_line_) return *std::exchange(first_line_, std::nullopt);
  return password_from_stdin(what);
}

Expected<Secret> RootSecrets::answer(const std::string& prompt) {
  if (prompt == vault::prompt_again) {
    if (!from_stdin_) return ask(prompt);
    return copy(answers_.at(last_prompt_));
  }
  last_prompt_ = prompt;
  if (const auto known = answers_.find(prompt); known != answers_.end()) return copy(known->second);
  auto given = from_stdin_ ? next_line() : ask(prompt);
  if (given) answers_.insert_or_assign(prompt, copy(*given));
  return given;
}

}  // namespace cred::cli
