#include "policy/password_text.hpp"

#include <utf8proc.h>

namespace cred::policy {
namespace {

// utf8proc decomposes one code point into at most this many.
constexpr std::size_t most_expansion = 4;

Secret allocate(std::size_t size) {
  Secret memory(size);
  if (!memory.ok()) throw Failure(Code::unavailable, "no memory for a password");
  return memory;
}

std::int32_t* points_in(Secret& buffer) {
  return reinterpret_cast<std::int32_t*>(buffer.writable().data());
}

// Decomposes into caller-owned memory: utf8proc's own allocations are not wiped.
// Empty when the text is not UTF-8.
Secret decompose(std::string_view text, int options) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto length = static_cast<utf8proc_ssize_t>(text.size());
  const auto option = static_cast<utf8proc_option_t>(options);
  std::size_t room = text.size() * most_expansion + 1;
  for (int attempt = 0; attempt < 2; ++attempt) {
    Secret buffer = allocate(room * sizeof(std::int32_t));
    const utf8proc_ssize_t count = utf8proc_decompose(bytes, length, points_in(buffer),
                                                      static_cast<utf8proc_ssize_t>(room), option);
    if (count < 0) return Secret();
    if (static_cast<std::size_t>(count) <= room) {
      buffer.shrink(static_cast<std::size_t>(count) * sizeof(std::int32_t));
      return buffer;
    }
    room = static_cast<std::size_t>(count) + 1;  // utf8proc_reencode terminates
  }
  return Secret();
}

std::string_view view(const Secret& text) { return {text.chars(), text.size()}; }

}  // namespace

std::span<const std::int32_t> code_points(const Secret& folded) {
  return {reinterpret_cast<const std::int32_t*>(folded.bytes().data()),
          folded.size() / sizeof(std::int32_t)};
}

Expected<Secret> normalise(const Secret& raw) {
  if (raw.empty()) return fail(Code::usage, "the password is empty");
  if (raw.size() > max_password_bytes)
    return fail(Code::usage, "the password is longer than 1,024 bytes");
  for (const std::byte b : raw.bytes())
    if (b == std::byte{0}) return fail(Code::usage, "the password contains a NUL byte");
  Secret points = decompose(view(raw), UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  if (points.empty()) return fail(Code::usage, "the password is not valid UTF-8");
  for (const std::int32_t point : code_points(points))
    if (utf8proc_category(point) == UTF8PROC_CATEGORY_CC)
      return fail(Code::usage, "the password contains a control character");
  // Composes and encodes in place; the buffer has four bytes for each code point.
  const utf8proc_ssize_t size = utf8proc_reencode(
      points_in(points), static_cast<utf8proc_ssize_t>(code_points(points).size()),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size <= 0) return fail(Code::usage, "the password is not valid UTF-8");
  points.shrink(static_cast<std::size_t>(size));
  return points;
}

Secret fold(std::string_view text) {
  return decompose(text, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                             UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK);
}

Secret decode(const Secret& utf8) { return decompose(view(utf8), 0); }

}  // namespace cred::policy
