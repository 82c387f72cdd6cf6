// What a record of the trail tells of people. It is kept apart from the record, which
// has only its digest: erasing it leaves the chain whole. docs/formats/audit.md
#pragma once

#include "base/error.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace cred::audit {

// Bytes of UTF-8.
inline constexpr std::size_t max_text_bytes = 1024;
inline constexpr std::size_t max_detail_bytes = 4096;

// No text holds a secret. What is not known is empty.
struct Body {
  std::string actor;   // who acted, and by which program: "alice by credctl"
  std::string source;  // where from: "host 192.0.2.7"
  std::string service;
  std::string tty;
  std::string detail;
};

// All zero: there is no body.
using Digest = std::array<std::byte, 32>;

// The bytes to store, behind 16 random ones that are drawn anew at each call: nobody
// guesses the body of a digest once the bytes are erased. A text longer than its bound is
// cut between two characters.
std::vector<std::byte> encode(const Body& body);

// The body again. Errors: integrity (not every byte is accounted for, or a text is longer
// than its bound).
Expected<Body> decode_body(std::span<const std::byte> bytes);

// What the record of these encoded bytes carries: BLAKE2b-256.
Digest digest(std::span<const std::byte> encoded_body) noexcept;

}  // namespace cred::audit
