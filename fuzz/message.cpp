// Whatever a message says, its text is bounded, and words in it are chosen from it. The libraries
// that read it are not instrumented; what they do shows as a crash or in time.

#include "policy/candidates.hpp"
#include "scan/message_text.hpp"
#include "scan/read_message.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cred;
  const std::span<const char> message(reinterpret_cast<const char*>(data), size);
  const auto text = scan::message_text(message);
  if (!text || text->size() > scan::largest_text + 1) std::abort();
  for (const std::string_view words :
       {std::string_view(*text), std::string_view(message.data(), size)}) {
    const auto found = policy::candidates(words, {}, 32);
    if (found.likeliest.size() > 32 || found.total > 2'000) std::abort();
    for (const Secret& word : found.likeliest)
      if (word.size() < 8 || word.size() > max_password_bytes) std::abort();
  }
  const auto id = scan::message_id(message, "otherwise");
  if (id.empty() || id.size() > 128) std::abort();
  return 0;
}
