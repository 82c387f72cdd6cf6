// A list of names gives names and nothing else, each once and in the order of its lines.

#include "engine/engine.hpp"
#include "engine/name_list.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cred;
  const auto names =
      engine::parse_name_list(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!names) {
    if (names.error().code != Code::usage) std::abort();
    return 0;
  }
  std::set<std::string> seen;
  std::size_t line = 0;
  for (const auto& entry : *names) {
    if (!engine::check_name(entry.name) || !seen.insert(entry.name).second || entry.line <= line)
      std::abort();
    line = entry.line;
  }
  return 0;
}
