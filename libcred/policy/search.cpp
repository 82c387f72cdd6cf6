#include "policy/search.hpp"

#include "base/wiped.hpp"

namespace cred::policy {
namespace {

// For each beginning, its longest proper border (Knuth, Morris and Pratt).
Wiped<std::size_t> borders(Points text) {
  Wiped<std::size_t> border(text.size() + 1, 0);
  for (std::size_t i = 1, k = 0; i < text.size(); ++i) {
    while (k > 0 && text[i] != text[k]) k = border[k];
    if (text[i] == text[k]) ++k;
    border[i + 1] = k;
  }
  return border;
}

}  // namespace

bool contains(Points text, Points part) {
  if (part.empty() || part.size() > text.size()) return false;
  const auto border = borders(part);
  std::size_t matched = 0;
  for (const std::int32_t c : text) {
    while (matched > 0 && c != part[matched]) matched = border[matched];
    if (c == part[matched]) ++matched;
    if (matched == part.size()) return true;
  }
  return false;
}

std::size_t period(Points text) {
  if (text.empty()) return 0;
  const std::size_t step = text.size() - borders(text).back();
  return text.size() % step == 0 ? step : text.size();
}

}  // namespace cred::policy
