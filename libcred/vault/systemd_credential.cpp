#include "vault/key_source.hpp"

#include <cstdlib>

namespace cred::vault {
namespace {

// systemd.exec(5), LoadCredential=: files in a directory of the service's own. Nothing
// where systemd started this program without credentials. The environment of a setuid
// program is not believed.
std::optional<std::string> path_of(const std::string& name) {
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory != '/') return std::nullopt;
  return std::string(directory) + '/' + name;
}

}  // namespace

Expected<Secret> load_credential_key(const std::string& name) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
    return fail(Code::configuration, "keys.root is 'credential:" + name +
                                         "'; credential: is followed by a credential's name");
  const auto path = path_of(name);
  if (!path)
    return fail(Code::unavailable, "keys.root is 'credential:" + name +
                                       "', but systemd started this program with no credentials");
  return read_guarded(*path, "the root key", {key_bytes, key_bytes}, Guard::service_manager);
}

Expected<std::optional<Secret>> find_credential(const std::string& name, std::string_view what,
                                                Sizes sizes) {
  const auto path = path_of(name);
  if (!path) return std::nullopt;
  // One more for the newline that an editor leaves.
  auto found =
      find_guarded(*path, what, {sizes.smallest, sizes.largest + 1}, Guard::service_manager);
  if (found && *found) strip_newline(**found);
  return found;
}

}  // namespace cred::vault
