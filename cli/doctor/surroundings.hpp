// What the doctor looks at beside the configuration, so that tests have one of their own.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "hash/argon2id.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cred::doctor {

struct Space {
  std::uint64_t free = 0;   // bytes that are to be had
  std::uint64_t files = 0;  // that can still be made
  std::uint64_t file_system = 0;
};

struct Surroundings {
  // Stands in front of every path that the system gives; "" on a machine.
  std::string root;
  std::string configuration;                    // cred.conf, whether or not it is there
  std::vector<std::string> module_directories;  // where libpam looks, the first one first
  std::string credd;                            // the program
  std::shared_ptr<const Clock> clock;
  // Whether the clock follows another one. Nothing: nobody knows.
  std::function<std::optional<bool>()> synchronised;
  std::function<std::optional<Space>(const std::string& path)> space;
  std::function<Expected<hash::Implementation>()> argon2;
  bool argon2_named = false;  // CRED_ARGON2 is set
  // How long credd may take for an answer.
  int answer_ms = 10'000;
};

// This machine, with the configuration at `path`.
Surroundings this_machine(const std::string& path);

}  // namespace cred::doctor
