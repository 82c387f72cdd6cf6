// Which kernel computes, and whether it computes rightly.
#pragma once

#include "hash/argon2/kernel.hpp"

#include <vector>

namespace cred::hash::argon2 {

// What this processor can run, the fastest first; never empty.
std::vector<const Kernel*> kernels();

// Known answers, in every order that `compute` has: RFC 9106 §5.3's vector, and one lane
// that is long enough for all of addressing. Takes well under a millisecond.
bool answers_rightly(const Kernel& kernel);

}  // namespace cred::hash::argon2
