#include "policy/near_copy.hpp"
#include "policy/password_text.hpp"
#include <utf8proc.h>
namespace cred::policy {
std::vector<Secret> skeletons(const Secret& normalised) {
  std::vector<Secret> v;
  Secret folded = fold({normalised.chars(), normalised.size()});
  Secret letters(folded.size());
  std::size_t n = 0;
  for (auto c : code_points(folded))
    if (c >= 'a' && c <= 'z') letters.writable()[n++] = static_cast<std::byte>(c);
  letters.shrink(n);
  if (n >= 4) v.push_back(std::move(letters));
  return v;
}
}  // namespace cred::policy
