// A directory of backups. Backup `cred-20261125T010203Z` is the files
// `cred-20261125T010203Z.backup`, its archive, and `cred-20261125T010203Z.json`, its
// manifest, which is written last: without one a backup is unfinished.
#pragma once

#include "backup/manifest.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::backup {

// A backup that is there. The manifest's Error says why it cannot be used: not_found (of
// the two files one is missing: unfinished, or half removed), integrity (altered, or
// another size than the manifest says; the archive's digest is not looked at),
// configuration (cannot be read).
struct Backup {
  std::string name;  // without an extension
  Expected<Manifest> manifest;
};

class Directory {
 public:
  // Opens `path`, and creates it with mode 0700 if it is not there; its parent must be.
  // Created by root in another user's directory, it belongs to that user. Throws Failure:
  // configuration (no permission, no parent, not a directory), unavailable.
  explicit Directory(std::string path);

  const std::string& path() const noexcept { return path_; }
  std::string archive_path(std::string_view name) const;
  std::string manifest_path(std::string_view name) const;

  // A name of that second that no backup has. Does not reserve it: of two processes that
  // write archives of one name, the second gets conflict.
  std::string new_name(Time created) const;

  // Oldest first, by name, signed by one of the keys that are expected, if there are such.
  // Other files are passed over. Throws Failure: configuration,
  // unavailable.
  std::vector<Backup> list(const std::vector<PublicKey>& expected = {}) const;

  // Manifest and archive, or whichever is there. Throws Failure: usage (no backup has such
  // a name), not_found, configuration, unavailable.
  void remove(std::string_view name) const;

  // Removes the backups that were created before `keep_since`, but not the newest of
  // these, from which the beginning of the kept time is restored, and never the newest
  // backup of all. Unfinished ones count for neither and go when they are as old, provided
  // that a later one is whole; so does what killed writers left. Damaged ones are left to a
  // person. Returns the names removed, oldest first. Throws Failure as list and remove.
  std::vector<std::string> prune(Time keep_since,
                                 const std::vector<PublicKey>& expected = {}) const;

 private:
  std::string path_;
};

}  // namespace cred::backup
