// The root key: 32 bytes that are kept apart from the store, and the places where they
// may come from. docs/formats/root-key.md.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cred::vault {

inline constexpr std::size_t key_bytes = 32;

// Asks a person for a passphrase or a PIN. The prompt ends with a colon and a space; the
// answer has no newline. An error ends what it was asked for, and is its error.
using AskSecret = std::function<Expected<Secret>(const std::string& prompt)>;

// The prompt for a new passphrase's second time, for whoever reads answers that nobody types.
inline constexpr std::string_view prompt_again = "The same passphrase again: ";

// The root key that a URL names:
//   file:/path        a regular file of exactly 32 bytes that nobody but its owner can read
//   credential:NAME   the same as systemd hands it over
//   passphrase:/path  made of a passphrase with the salt and the cost in that file
//   pkcs11:...        made by a key that stays in a token (RFC 7512)
// `ask` is for the passphrase or the PIN where no credential or file has it; without it
// systemd-ask-password(1) may ask for a passphrase. May take seconds, and up to 1 GiB for
// a passphrase.
// Errors: configuration (the URL, permissions, another length, a wrong passphrase or PIN
// in a credential or a file), refused (one that a person typed), unavailable (missing,
// unreadable, nobody to ask, no token), what `ask` answered.
Expected<Secret> load_root_key(const std::string& url, const AskSecret& ask = {});

// Creates the key and gives it: the file with mode 0400, on disk when this returns, or the
// key in the token. A new passphrase is asked for twice; it has at least 12 bytes. Never
// replaces a file or a key.
// Errors: conflict (exists), usage (a passphrase that is too short, too long, or not the
// same twice), configuration (also: a credential cannot be created), unavailable.
Expected<Secret> create_root_key(const std::string& url, const AskSecret& ask = {});

// The file that a URL names with its path; empty for credentials and tokens.
std::string root_key_path(const std::string& url);

// The successor of a `file:` key lies beside it as PATH.next until everything is wrapped
// with it. Who calls these sees to it that one process at a time does.

// Writes a fresh key as PATH.next, with the owner, the group and the mode 0400 of a key;
// it is on disk when this returns. Replaces an older successor, which must not be in use.
// Errors: usage (another kind of URL), configuration and unavailable as for the key itself.
Expected<void> stage_root_key(const std::string& url);

// The successor; nothing where none was staged, or where the URL is of another kind.
// Errors: as load_root_key.
Expected<std::optional<Secret>> load_staged_root_key(const std::string& url);

// Puts the successor in the key's place, on disk when this returns. The bytes of the old
// key are overwritten if its file has no other name, where the file system lets them be. Errors:
// usage (another kind of URL), not_found (no successor), configuration and unavailable.
Expected<void> promote_root_key(const std::string& url);

// Overwrites the successor and removes it; nothing to do where there is none.
// Errors: configuration, unavailable.
Expected<void> discard_staged_root_key(const std::string& url);

}  // namespace cred::vault
