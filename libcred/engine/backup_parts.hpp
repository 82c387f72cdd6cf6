// What making backups and restoring them share; for the engine's own files.
#pragma once

#include "backup/directory.hpp"
#include "engine/backups.hpp"
#include "engine/configuration.hpp"
#include "engine/realm_keys.hpp"

#include <optional>
#include <string>

namespace cred::engine {

// Whose manifests are believed.
std::vector<backup::PublicKey> manifest_keys(const RootKey& root);
BackupInfo info_of(const backup::Backup& backup);
// The one of this name, or the newest that can be used. Throws Failure: not_found, and what
// is wrong with it.
backup::Backup backup_named(const backup::Directory& directory, const RootKey& root,
                            const std::optional<std::string>& name);

}  // namespace cred::engine
