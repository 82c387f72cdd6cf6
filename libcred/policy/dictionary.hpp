// Lists of words that people choose first.
#pragma once

#include <cstdint>
#include <span>

namespace cred::policy::dictionary {

enum class List : std::uint8_t {
  common_passwords,
  given_names,
  family_names,
  words,
  passphrase_words,
};

// Whether `folded` (see `fold`) is an entry, all of it.
bool contains(List list, std::span<const std::int32_t> folded);

}  // namespace cred::policy::dictionary
