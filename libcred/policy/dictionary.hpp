// The words that ship with the library: data/README.md says where they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cred::policy::dictionary {

enum class List : std::uint8_t {
  common_passwords,
  given_names,
  family_names,
  words,  // English and German, from four letters on
  passphrase_words,
};

// Whether a word is in the list. `folded`: code points as `fold` gives them.
bool contains(List list, std::span<const std::int32_t> folded);

// How many words a list has, and one of them, in the order of bytes. Both read the
// list: not for inner loops.
std::size_t size(List list);
std::string_view word(List list, std::size_t index);

}  // namespace cred::policy::dictionary
