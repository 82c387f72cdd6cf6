// A whole store is brought to another place: from a file to a server or back.
#pragma once

#include "engine/backups.hpp"
#include "engine/configuration.hpp"
#include "vault/root_key.hpp"

#include <string>
#include <vector>

namespace cred::engine {

struct CopiedRealm {
  std::string name;
  std::uint64_t accounts = 0;
  std::uint64_t audit_records = 0;
  std::uint64_t rows_written = 0;  // by this call; the others were there
  std::uint64_t change = 0;        // number of the last one
};

struct CopyReport {
  std::vector<CopiedRealm> realms;
  // How long nobody could write to the store that was copied.
  Duration switch_time{};
};

// Copies while others use `from`, then once more what they changed, while they wait. Every
// record of the copy is compared, and opened with its keys, before the copy can be used at
// all. One that was interrupted goes on where it was when it is called again. `from` stays as
// it is: nobody may use it afterwards. Errors: usage (the same place), conflict (there is a
// store at `to`), configuration, unavailable, integrity (a record that does not open).
Expected<CopyReport> copy_store(const Configuration& configuration, const std::string& from,
                                const std::string& to, const WorkProgress& progress = {},
                                const vault::AskSecret& ask = {});

// The statements with which an administrator makes tables and roles on a server. Errors:
// configuration (cred-postgres is not installed).
Expected<std::string> server_tables();

}  // namespace cred::engine
