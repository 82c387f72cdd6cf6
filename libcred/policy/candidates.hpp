// Which words of a text the policy could have taken as a password.
#pragma once

#include "base/secret.hpp"
#include "policy/options.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace cred::policy {

struct Candidates {
  // Normalised, each once, the likeliest first: words after "password" or the like, then other
  // words, then what follows one another.
  std::vector<Secret> likeliest;
  std::size_t total = 0;  // with those that were too many; counting ends at 2,000
};

// By the lengths and counts of `options`: lists, likeness and history are not asked, for they
// may have been others when the password was set. Words end at white space. Each counts as it
// stands, without the punctuation around it, and from behind a ':' or '=' on. Two to six that
// follow one another, none of which could be one alone, count as one, with a space between,
// where they are a line of their own, stand in quotes, or come after "password". What is not
// UTF-8 is passed over. Takes time in proportion to the text.
Candidates candidates(std::string_view text, const Options& options, std::size_t most);

}  // namespace cred::policy
