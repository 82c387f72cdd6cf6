// What the messages of both kinds are made with.
#pragma once

#include "wire/message.hpp"

namespace cred::wire {

// Reserves the header, writes the body by `write`, then fills the length in.
template <typename Write>
Secret framed(Write write) noexcept {
  Secret frame(header_bytes + max_body_bytes);
  if (!frame.ok()) return frame;
  Writer body(frame.writable().subspan(header_bytes));
  body.u8(version);
  write(body);
  if (!body.ok()) return Secret();
  Writer header(frame.writable().first(header_bytes));
  header.u32(static_cast<std::uint32_t>(body.used()));
  frame.shrink(header_bytes + body.used());
  return frame;
}

inline bool bounded_text(std::string_view text, std::size_t most = max_text_bytes) noexcept {
  return text.size() <= most && text.find('\0') == std::string_view::npos;
}

inline bool known(std::uint8_t code) noexcept {
  return code <= static_cast<std::uint8_t>(Code::integrity) ||
         code == static_cast<std::uint8_t>(Code::internal);
}

}  // namespace cred::wire
