// A program on a terminal of its own, where somebody reads what it asks and types.
#pragma once

#include "process.hpp"

#include <string>
#include <vector>

// What is typed when `prompt` is shown; each once, in this order.
struct Reply {
  std::string prompt;
  std::string typed;
};

// Runs `launch`, whose input is not used. `out` is all that the terminal showed. After the
// last reply it may say more, but whatever it asks then, nobody types.
Finished converse(const Launch& launch, const std::vector<Reply>& replies);
