// Lines of the public form of leaked passwords.

#include "policy/breach_source.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    std::uint64_t prefix = 0;
    // 40 digits at least make a hash.
    if (cred::policy::parse_breach_line(line, prefix) == cred::policy::BreachLine::hash &&
        line.size() < 40)
      std::abort();
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return 0;
}
