// The messages of the wire protocol, in both directions.

#include "wire/administration.hpp"
#include "wire/message.hpp"

#include <cstdint>
#include <cstdlib>

using namespace cred;

namespace {

// What decodes must encode to the same bytes: nothing was dropped or invented.
template <typename Message>
void round_trip(std::span<const std::byte> body) {
  Message message;
  if (!wire::decode(body, message)) return;
  const Secret frame = wire::encode(message);
  const auto again = frame.bytes().subspan(wire::header_bytes);
  if (again.size() != body.size() || !std::equal(again.begin(), again.end(), body.begin()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > wire::max_body_bytes) return 0;
  const auto body = std::as_bytes(std::span(data, size));
  round_trip<wire::Request>(body);
  round_trip<wire::Reply>(body);
  round_trip<wire::Order>(body);
  round_trip<wire::Part>(body);
  round_trip<wire::Result>(body);
  return 0;
}
