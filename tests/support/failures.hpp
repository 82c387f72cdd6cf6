// What work that throws failed with.
#pragma once

#include "base/error.hpp"

namespace cred::test {

// `accepted`: it did not.
template <typename Work>
Code code_of(Work work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.error().code;
  }
  return Code::accepted;
}

}  // namespace cred::test
