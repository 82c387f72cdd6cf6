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
  // Until then the password does not expire, for this reason; unset: no exemption.
  Time exempt_until{};
  std::string exempt_reason;
  // Rises whenever sessions that were begun before should end.
  std::uint32_t session_epoch = 0;
  // Since then an administrator has let it in again, whatever mark of the realm locks it.
  Time unlocked_at{};
  // A password that an administrator set opens nothing after it; unset: no end.
  Time one_time_until{};
};

struct Profile {
  std::string full_name;
  std::string email;
  std::string birth_date;  // YYYY-MM-DD or empty
  std::string phone;
  std::map<std::string, std::string> attributes;
  Time created_at{};
};

// A session that began: where its owner sees it.
struct Login {
  Time at{};
  std::string host;  // the remote one, or empty
  std::string tty;
  std::string service;
};

// One password that the account has had: the first has number 1, the current one the
// highest. A barred one was suspected to be known to others: it never comes back, however
// few passwords the policy remembers.
struct HistoryTag {
  std::uint32_t number = 0;
  bool barred = false;
  std::array<std::byte, hash::tag_bytes> tag{};
  bool operator==(const HistoryTag&) const = default;
};

// A canonical form of such a password, by which near copies are known.
struct SimilarTag {
  static constexpr std::size_t bytes = 16;
  std::uint32_t number = 0;
  bool barred = false;
  std::array<std::byte, bytes> tag{};
  bool operator==(const SimilarTag&) const = default;
};

// Tags of one group share salt and parameters, so that a group costs one hash, and
// one for each canonical form of the candidate, however many tags it has.
struct HistoryGroup {
  hash::Parameters parameters;
  std::array<std::byte, hash::salt_bytes> salt{};
  std::vector<HistoryTag> tags;
  std::vector<SimilarTag> similar;
  // Of a password that another system hashed, whose tag is that of a digest: how it is made.
  // Such a group has no other tag and costs the foreign hash in addition.
  std::string recipe{};
};
using History = std::vector<HistoryGroup>;

// Throw Failure when memory is short or a text is past its bound.
Secret encode(const Credential& credential);
Secret encode(const Profile& profile);
Secret encode(const History& history);
Secret encode(const Login& login);

// Errors: integrity.
Expected<Credential> decode_credential(std::span<const std::byte> bytes);
Expected<Profile> decode_profile(std::span<const std::byte> bytes);
Expected<History> decode_history(std::span<const std::byte> bytes);
Expected<Login> decode_login(std::span<const std::byte> bytes);

inline constexpr std::size_t max_profile_text = 1024;
inline constexpr std::size_t max_attributes = 64;
inline constexpr std::size_t max_reason = 1024;
inline constexpr std::size_t max_login_text = 256;

}  // namespace cred::engine
