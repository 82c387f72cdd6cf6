// An administrator's list of banned words.

#include "policy/word_list.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = cred::policy::WordList::parse({reinterpret_cast<const char*>(data), size}, "f");
  const std::int32_t word[] = {'a', 'b'};
  if (list) (void)list->contains(word);
  return 0;
}
