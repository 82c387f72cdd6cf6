// The right word that somebody who wrote another one may have meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace cred {

// How many characters have to be inserted, removed or replaced (Levenshtein).
inline std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The first of the nearest in `right`, which is not empty.
inline std::string_view nearest(std::string_view word, std::span<const std::string_view> right) {
  if (word.size() > 64) return right.front();  // bounds the comparison
  return *std::min_element(right.begin(), right.end(), [&](std::string_view a, std::string_view b) {
    return edits(word, a) < edits(word, b);
  });
}

}  // namespace cred
