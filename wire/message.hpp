// The messages between pam_cred.so or credctl and credd: docs/formats/wire.md
// specifies every byte. Needs libc alone: no exception, no allocation but Secret.
#pragma once

#include "base/bytes.hpp"
#include "base/code.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace cred::wire {

inline constexpr std::uint8_t version = 5;
inline constexpr std::size_t header_bytes = 4;
inline constexpr std::size_t max_body_bytes = 16384;
inline constexpr std::size_t max_text_bytes = 256;     // a name or a part of the source
inline constexpr std::size_t max_message_bytes = 480;  // fits PAM_MAX_MSG_SIZE with a prefix
inline constexpr std::size_t max_messages = 24;

enum class Kind : std::uint8_t {
  authenticate = 1,  // is this the password? counts an attempt
  account = 2,       // may the account be used now? no password, no counting
  check = 3,         // would the policy take this password? no hashing, nothing counted
  change = 4,        // the owner sets a new password, with the old one
  reset = 5,         // an administrator sets one; credd takes it from root alone
  rules = 6,         // what does the policy ask for? a message for each rule
  session = 7,       // a login begins; messages tell of the last one
  // 8 is an order: wire/administration.hpp
  enrol = 9,  // a password that another module found right; credd takes it from root alone
};

// Where a request comes from, for counters and the trail. Any part may be empty.
struct Source {
  std::string_view service;
  std::string_view tty;
  std::string_view rhost;
  std::string_view ruser;
  std::string_view language;  // for messages, as base/language.hpp gives it
};

// Views and pointers into what the caller owns.
struct Request {
  Kind kind = Kind::account;
  // On whose behalf a program that runs as root asks: its real uid. Believed of such a
  // program alone. Default: nobody's.
  std::uint32_t real_uid = 0xffffffff;
  bool passwordless = false;  // account: the person came with a key, or a job runs
  bool must_change = false;   // reset: the password is to be changed at the next login
  std::string_view realm;     // empty: the one that the caller is bound to, else "system"
  std::string_view account;
  Source source;
  std::span<const std::byte> old_password;  // check (may be empty) and change
  std::span<const std::byte> password;      // all but account
};

inline constexpr std::uint8_t unknown_strength = 255;

enum class Reason : std::uint8_t {
  none = 0,
  expired = 1,      // older than max_age
  forced = 2,       // an administrator asks for a change
  compromised = 3,  // suspected compromise
  grace_over = 4,   // expired for longer than the grace period
  too_early = 5,    // younger than min_age
  locked = 6,
  disabled = 7,
  policy = 8,        // the new password breaks rules; messages say which
  old_password = 9,  // the old password is wrong
  idle = 10,         // not used for longer than max_idle
};

struct Reply {
  Code code = Code::internal;
  Reason reason = Reason::none;
  std::int64_t due = -1;        // seconds since 1970 when the password expires; -1: never
  bool warn = false;            // due lies within the warning period
  std::uint32_t days_left = 0;  // whole days until due, rounded up
  std::uint8_t strength = unknown_strength;  // check: zxcvbn's score, 0 to 4
  std::uint16_t messages = 0;
  std::string_view message[max_messages];  // sentences for a person
};

// Encodes a frame, header included, into `frame`. Empty: the request does not fit.
Secret encode(const Request& request) noexcept;
Secret encode(const Reply& reply) noexcept;

// Decodes a body (what follows the header). The views point into `body`.
bool decode(std::span<const std::byte> body, Request& request) noexcept;
bool decode(std::span<const std::byte> body, Reply& reply) noexcept;

}  // namespace cred::wire
