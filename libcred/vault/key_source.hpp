// What the sources of the root key have in common; for this room alone.
#pragma once

#include "base/descriptor.hpp"
#include "vault/root_key.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace cred::vault {

// A colon and what errno means.
std::string because();

// --- Files that nobody else can read ---

// Who may read a file beside its owner: nobody; a group, where guessing is all that can be
// done with it; or whoever systemd allows it, by an ACL where there are such.
enum class Guard : std::uint8_t { owner, group, service_manager };

struct Sizes {
  std::size_t smallest;
  std::size_t largest;
};

// A regular file, of this user or root, with a size in `sizes`; `what` names it in errors.
// Nothing where there is no file. Errors: configuration, unavailable.
Expected<std::optional<Secret>> find_guarded(const std::string& path, std::string_view what,
                                             Sizes sizes, Guard guard);
// The same; a missing file is unavailable.
Expected<Secret> read_guarded(const std::string& path, std::string_view what, Sizes sizes,
                              Guard guard);

// A new file with mode 0400, on disk when this returns. Errors: conflict (exists),
// configuration, unavailable.
Expected<void> create_guarded(const std::string& path, std::string_view what,
                              std::span<const std::byte> bytes);

// The directory that `path` is in. Errors: unavailable.
Expected<void> sync_directory_of(const std::string& path);

// --- Passphrases and PINs ---

inline constexpr std::size_t min_passphrase_bytes = 12;
inline constexpr std::size_t max_passphrase_bytes = 1024;

// A person can be asked again; a credential stays wrong.
enum class From : std::uint8_t { credential, person, program };

struct Answer {
  Secret secret;
  From from;
};

struct Question {
  std::string name;        // "passphrase of the root key /path", for errors
  std::string credential;  // the name under which systemd may hand it over
  std::string prompt;
  std::string how;  // for the error when nobody can be asked: how to give it
};

// Wipes one newline at the end, which an editor leaves.
void strip_newline(Secret& line);

// A credential without the newline at its end; nothing where systemd handed over none of
// that name. Errors: configuration, unavailable.
Expected<std::optional<Secret>> find_credential(const std::string& name, std::string_view what,
                                                Sizes sizes);

// The credential, else what `ask` answers, else what the program `asker` does; it may be
// null. Errors: unavailable (none of the three), what `ask` answered.
Expected<Answer> obtain(const Question& question, const AskSecret& ask, const char* asker);

// systemd-ask-password(1), if this process is root and systemd runs; else null.
const char* system_asker();

// Runs `program` with `prompt` as its argument, without a shell, and takes the line that it
// writes. Errors: unavailable.
Expected<Secret> ask_by_program(const char* program, const std::string& prompt);

// --- The sources ---

Expected<Secret> load_key_file(const std::string& path);
Expected<Secret> create_key_file(const std::string& path);
Expected<void> stage_key_file(const std::string& path);
Expected<std::optional<Secret>> load_staged_key_file(const std::string& path);
Expected<void> promote_key_file(const std::string& path);
Expected<void> discard_staged_key_file(const std::string& path);

Expected<Secret> load_credential_key(const std::string& name);

Expected<Secret> load_passphrase_key(const std::string& path, const AskSecret& ask);
Expected<Secret> create_passphrase_key(const std::string& path, const AskSecret& ask);

Expected<Secret> load_pkcs11_key(const std::string& uri, const AskSecret& ask);
Expected<Secret> create_pkcs11_key(const std::string& uri, const AskSecret& ask);

// --- The passphrase file ---

struct PassphraseFile {
  std::uint32_t memory_kib = 0;
  std::uint8_t passes = 0;
  std::array<std::byte, 16> salt{};
  std::array<std::byte, 32> check{};
};

inline constexpr std::size_t passphrase_file_bytes = 62;

// Bounds hold in what this answers. Errors: configuration, which do not repeat the path.
Expected<PassphraseFile> parse_passphrase_file(std::span<const std::byte> bytes);
std::array<std::byte, passphrase_file_bytes> bytes_of(const PassphraseFile& file);

// The key of a passphrase. Errors: unavailable (memory).
Expected<Secret> derive_passphrase_key(const PassphraseFile& file, const Secret& passphrase);
// What a file with this salt and cost holds in `check` if `key` is right.
std::array<std::byte, 32> check_of(const PassphraseFile& file, const Secret& key);

}  // namespace cred::vault
