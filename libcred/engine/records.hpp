// What is inside the sealed fields of an account: docs/formats/records.md.
// Decoding is strict: every byte is accounted for, or the record is refused.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "hash/phc.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace cred::engine {

enum class State : std::uint8_t { active = 0, locked = 1, disabled = 2 };

// Why the password must be changed whatever its age.
enum class Demand : std::uint8_t { none = 0, expired = 1, forced = 2, compromised = 3 };

struct Credential {
  hash::Verifier verifier;
  Time set_at{};
  State state = State::active;
  Demand demand = Demand::none;
  bool set_by_owner = false;
};

struct Profile {
  std::string full_name;
  std::string email;
  std::string birth_date;  // YYYY-MM-DD or empty
  std::string phone;
  std::map<std::string, std::string> attributes;
  Time created_at{};
};

// One tag for each password that the account has had, the current one included.
// Tags of one group share salt and parameters, so that a group costs one hash.
struct HistoryGroup {
  hash::Parameters parameters;
  std::array<std::byte, hash::salt_bytes> salt{};
  std::vector<std::array<std::byte, hash::tag_bytes>> tags;
};
using History = std::vector<HistoryGroup>;

// Throw Failure when memory is short or a text is past its bound.
Secret encode(const Credential& credential);
Secret encode(const Profile& profile);
Secret encode(const History& history);

// Errors: integrity.
Expected<Credential> decode_credential(std::span<const std::byte> bytes);
Expected<Profile> decode_profile(std::span<const std::byte> bytes);
Expected<History> decode_history(std::span<const std::byte> bytes);

inline constexpr std::size_t max_profile_text = 1024;
inline constexpr std::size_t max_attributes = 64;

}  // namespace cred::engine
