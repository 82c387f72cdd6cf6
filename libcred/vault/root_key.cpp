#include "vault/root_key.hpp"

#include "vault/key_source.hpp"

namespace cred::vault {
namespace {

enum class Kind : std::uint8_t { file, credential, passphrase, pkcs11 };

struct Location {
  Kind kind;
  std::string rest;  // behind the scheme; the whole URI of a token
};

// What lies behind the scheme is repeated in no error of a token's URI: it may hold a PIN.
Expected<Location> locate(const std::string& url) {
  const std::size_t colon = url.find(':');
  const std::string scheme = url.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : url.substr(colon + 1);
  if (scheme == "pkcs11" && !rest.empty()) return Location{Kind::pkcs11, url};
  if (scheme == "credential") return Location{Kind::credential, rest};
  if (scheme == "file" || scheme == "passphrase") {
    if (!rest.starts_with('/') || rest.ends_with('/'))
      return fail(Code::configuration, "keys.root is '" + url + "'; it must be " + scheme +
                                           ": and the absolute path of a file");
    return Location{scheme == "file" ? Kind::file : Kind::passphrase, rest};
  }
  return fail(Code::configuration, "keys.root begins with '" + scheme +
                                       "'; it must begin with file:, passphrase:, credential: or "
                                       "pkcs11:");
}

// The path, or why this kind of key has no successor beside it.
Expected<std::string> file_of(const std::string& url) {
  auto location = locate(url);
  if (!location) return tl::make_unexpected(location.error());
  if (location->kind != Kind::file)
    return fail(Code::usage,
                "only a key in a file: has a successor beside it; name the new key's place: "
                "key rotate --to URL");
  return std::move(location->rest);
}

}  // namespace

Expected<Secret> load_root_key(const std::string& url, const AskSecret& ask) {
  const auto location = locate(url);
  if (!location) return tl::make_unexpected(location.error());
  switch (location->kind) {
    case Kind::file: return load_key_file(location->rest);
    case Kind::credential: return load_credential_key(location->rest);
    case Kind::passphrase: return load_passphrase_key(location->rest, ask);
    case Kind::pkcs11: break;
  }
  return load_pkcs11_key(location->rest, ask);
}

Expected<Secret> create_root_key(const std::string& url, const AskSecret& ask) {
  const auto location = locate(url);
  if (!location) return tl::make_unexpected(location.error());
  switch (location->kind) {
    case Kind::file: return create_key_file(location->rest);
    case Kind::credential:
      return fail(Code::configuration,
                  "keys.root is '" + url +
                      "'; systemd hands over credentials, which cannot be created here: create a "
                      "file: and name it in LoadCredential=");
    case Kind::passphrase: return create_passphrase_key(location->rest, ask);
    case Kind::pkcs11: break;
  }
  return create_pkcs11_key(location->rest, ask);
}

std::string root_key_path(const std::string& url) {
  const auto location = locate(url);
  if (!location || (location->kind != Kind::file && location->kind != Kind::passphrase)) return {};
  return location->rest;
}

Expected<void> stage_root_key(const std::string& url) {
  const auto path = file_of(url);
  if (!path) return tl::make_unexpected(path.error());
  return stage_key_file(*path);
}

Expected<std::optional<Secret>> load_staged_root_key(const std::string& url) {
  const auto location = locate(url);
  if (!location) return tl::make_unexpected(location.error());
  if (location->kind != Kind::file) return std::nullopt;
  return load_staged_key_file(location->rest);
}

Expected<void> promote_root_key(const std::string& url) {
  const auto path = file_of(url);
  if (!path) return tl::make_unexpected(path.error());
  return promote_key_file(*path);
}

Expected<void> discard_staged_root_key(const std::string& url) {
  const auto location = locate(url);
  if (!location) return tl::make_unexpected(location.error());
  if (location->kind != Kind::file) return {};
  return discard_staged_key_file(location->rest);
}

}  // namespace cred::vault
