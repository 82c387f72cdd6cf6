// Linear-time searches in text that must leave no trace on the heap.
#pragma once

#include "policy/characters.hpp"

#include <cstddef>

namespace cred::policy {

// Whether `part` occurs in `text`; an empty part does not.
bool contains(Points text, Points part);

// The length of the shortest beginning that, repeated, gives all of `text`.
std::size_t period(Points text);

}  // namespace cred::policy
