// What a stack of modules answers, when it is known what each of them returns: libpam's own
// reckoning, without a module being called.
#pragma once

#include "cli/doctor/pam_file.hpp"

#include <functional>
#include <string>
#include <vector>

namespace cred::doctor {

struct Step {
  PamLine line;        // of kind module, substack (which begins one) or broken (which fails)
  unsigned level = 0;  // of substacks
};

struct PamStack {
  std::vector<Step> steps;
  // What libpam stumbles over: "/etc/pam.d/sshd:4: ...".
  std::vector<std::string> faults;
};

// The lines of a file by its name in /etc/pam.d, or by its path. Nothing: it cannot be read.
using PamFiles = std::function<std::optional<std::vector<PamLine>>(const std::string& name)>;

// The stack of a service as its own file has it, with what that includes.
PamStack assemble(const std::string& service, Facility facility, const PamFiles& files);

struct Verdict {
  Answer answer = Answer::perm_denied;
  std::vector<std::size_t> ran;  // the steps that were asked, in their order
};

// `returns` says what a module returns. A broken step is not asked.
Verdict evaluate(const std::vector<Step>& steps, const std::function<Answer(const Step&)>& returns);

}  // namespace cred::doctor
