// What administrators ask of credd by credctl, and the answer in parts: docs/formats/wire.md
// specifies every byte. Not in pam_cred.so. Needs libc alone.
#pragma once

#include "wire/message.hpp"

namespace cred::wire {

inline constexpr std::size_t max_command_bytes = 32;
inline constexpr std::size_t max_arguments = 96;
inline constexpr std::size_t max_argument_bytes = 2304;
// Of a part's text: with it the frame is as long as the longest.
inline constexpr std::size_t max_part_bytes = max_body_bytes - 6;

// Views into what the caller owns.
struct Order {
  std::uint32_t real_uid = 0xffffffff;  // as in Request
  std::string_view realm;               // as in Request
  std::string_view command;             // "user lock"
  std::string_view tty;
  std::string_view language;
  std::size_t arguments = 0;
  std::string_view argument[max_arguments];  // "key=value", UTF-8
  std::span<const std::byte> password;       // of `passwd` and `user add`
};

// A piece of the answer's text: lines of JSON, cut anywhere.
struct Part {
  std::span<const std::byte> text;
};

// The end of the answer.
struct Result {
  Code code = Code::internal;
  std::span<const std::byte> password;  // that was generated; to be shown once
};

// As in message.hpp.
Secret encode(const Order& order) noexcept;
Secret encode(const Part& part) noexcept;
Secret encode(const Result& result) noexcept;
bool decode(std::span<const std::byte> body, Order& order) noexcept;
bool decode(std::span<const std::byte> body, Part& part) noexcept;
bool decode(std::span<const std::byte> body, Result& result) noexcept;

// Whether the body, if it decodes at all, is an order and no request.
bool is_order(std::span<const std::byte> body) noexcept;

}  // namespace cred::wire
