// Root keys that were in use, kept for the backups and the journal that they wrapped: each
// in a file of its own, sealed by its successor. docs/formats/root-key.md.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "vault/vault.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cred::vault {

// Keeps `old` in `directory`, which exists, sealed by `next`; on disk when this returns.
// Replaces what was kept of the same key. Root gives the file to the directory's owner.
// Errors: configuration, unavailable.
Expected<void> keep_old_root(const std::string& directory, const Secret& old, const Secret& next);

// Every key that `current` leads to, over as many successors as there were; `current` is not
// among them. What is damaged or was sealed by others is passed over, and so is a directory
// that is not there. Errors: configuration and unavailable.
Expected<std::vector<Secret>> old_roots(const std::string& directory, const Secret& current);
// The one with this id. Errors: as old_roots.
Expected<std::optional<Secret>> find_root(const std::string& directory, const Secret& current,
                                          KeyId id);

// Removes those that gave way before `before`, and what is left of killed writers that is as
// old. Errors: configuration, unavailable.
Expected<std::size_t> prune_old_roots(const std::string& directory, Time before);

}  // namespace cred::vault
