// Files of pam.d, cut at "%%": whatever they say, a stack is made and judged in bounded time,
// and what every module refuses is refused.

#include "cli/doctor/pam_check.hpp"

#include <cstdint>
#include <cstdlib>
#include <map>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cred::doctor;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::vector<PamLine>> parsed;
  for (const char* name : {"service", "a", "b", "other"}) {
    const std::size_t end = text.find("%%");
    auto lines = parse_pam_file(text.substr(0, end), name);
    if (lines) parsed[name] = std::move(*lines);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  const PamFiles files = [&](const std::string& name) -> std::optional<std::vector<PamLine>> {
    const auto found = parsed.find(name);
    if (found == parsed.end()) return std::nullopt;
    return found->second;
  };
  for (const auto facility :
       {Facility::auth, Facility::account, Facility::password, Facility::session}) {
    const PamStack stack = assemble("service", facility, files);
    const auto verdict = evaluate(stack.steps, [](const Step&) { return Answer::perm_denied; });
    // An answer that no module gave is no success.
    if (verdict.answer == Answer::success || verdict.ran.size() > stack.steps.size()) std::abort();
  }
  std::vector<Finding> findings;
  Report report(findings, "pam");
  judge_pam({"service", "other"}, files, report);
  for (const Finding& finding : findings)
    if (finding.message.empty() || finding.mend.empty()) std::abort();
  return 0;
}
