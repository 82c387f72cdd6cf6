#include "policy/password_text.hpp"

#include "base/translate.hpp"
#include "policy/characters.hpp"

#include <algorithm>
#include <array>

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

bool is_joiner(std::int32_t c) { return c == 0x200c || c == 0x200d; }

// RFC 5892, A.1 and A.2: after a virama, or between letters that join. utf8proc does
// not know which letters join; those of a script without case stand for them.
bool joins(Points text, std::size_t i) {
  constexpr utf8proc_propval_t virama = 9;
  if (i == 0) return false;
  if (utf8proc_get_property(text[i - 1])->combining_class == virama) return true;
  const auto uncased = [](std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_LO; };
  return i + 1 < text.size() && uncased(text[i - 1]) && uncased(text[i + 1]);
}

// RFC 5892 §2.6, what is disallowed although its category would do.
constexpr std::array<std::int32_t, 10> exceptions{0x0640, 0x07fa, 0x302e, 0x302f, 0x3031,
                                                  0x3032, 0x3033, 0x3034, 0x3035, 0x303b};

// Whether RFC 8264 §9 gives the character to the FreeformClass.
bool is_freeform(Points text, std::size_t i) {
  const std::int32_t c = text[i];
  if (is_joiner(c)) return joins(text, i);
  if (std::find(exceptions.begin(), exceptions.end(), c) != exceptions.end()) return false;
  const utf8proc_property_t* property = utf8proc_get_property(c);
  switch (property->category) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: break;
  }
  // Old Hangul: syllables that NFC does not compose.
  const auto bound = property->boundclass;
  if (bound == UTF8PROC_BOUNDCLASS_L || bound == UTF8PROC_BOUNDCLASS_V ||
      bound == UTF8PROC_BOUNDCLASS_T)
    return false;
  return property->ignorable == 0;
}

}  // namespace

std::span<const std::int32_t> code_points(const Secret& folded) {
  return {reinterpret_cast<const std::int32_t*>(folded.bytes().data()),
          folded.size() / sizeof(std::int32_t)};
}

Expected<Secret> normalise(const Secret& raw) {
  if (raw.empty()) return fail(Code::usage, tr("the password is empty"));
  if (raw.size() > max_password_bytes)
    return fail(Code::usage, tr("the password is longer than 1,024 bytes"));
  for (const std::byte b : raw.bytes())
    if (b == std::byte{0}) return fail(Code::usage, tr("the password contains a NUL byte"));
  constexpr auto nfc = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  Secret points = decompose(view(raw), nfc);
  if (points.empty()) return fail(Code::usage, tr("the password is not valid UTF-8"));
  const auto decomposed = static_cast<utf8proc_ssize_t>(code_points(points).size());
  std::replace_if(
      points_in(points), points_in(points) + decomposed,
      [](std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS; }, ' ');
  const utf8proc_ssize_t count = utf8proc_normalize_utf32(points_in(points), decomposed, nfc);
  if (count <= 0) return fail(Code::usage, tr("the password is not valid UTF-8"));
  points.shrink(static_cast<std::size_t>(count) * sizeof(std::int32_t));
  const Points composed = code_points(points);
  for (std::size_t i = 0; i < composed.size(); ++i) {
    if (utf8proc_category(composed[i]) == UTF8PROC_CATEGORY_CC)
      return fail(Code::usage, tr("the password contains a control character"));
    if (!is_freeform(composed, i))
      return fail(Code::usage,
                  tr("the password contains an invisible, private or unassigned character"));
  }
  // Encodes in place; the buffer has four bytes for each code point.
  const utf8proc_ssize_t size = utf8proc_reencode(points_in(points), count, nfc);
  if (size <= 0) return fail(Code::usage, tr("the password is not valid UTF-8"));
  points.shrink(static_cast<std::size_t>(size));
  return points;
}

Secret fold(std::string_view text) {
  return decompose(text, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                             UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK);
}

Secret decode(const Secret& utf8) { return decompose(view(utf8), 0); }

}  // namespace cred::policy
