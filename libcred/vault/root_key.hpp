// The root key: 32 random bytes in a file, kept apart from the store.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>

namespace cred::vault {

inline constexpr std::size_t key_bytes = 32;

// Reads `file:/path`, or `credential:name`, which systemd hands over. The file must be a regular
// file of exactly 32 bytes that nobody but its owner can read. Errors: configuration (the URL,
// permissions, another length), unavailable (missing, unreadable).
Expected<Secret> load_root_key(const std::string& url);

// Creates the key file with mode 0400, on disk when this returns. Never replaces
// a file. Errors: conflict (exists), configuration, unavailable.
Expected<void> create_root_key(const std::string& url);

}  // namespace cred::vault
