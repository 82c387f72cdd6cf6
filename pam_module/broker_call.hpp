// One request to credd and its reply, over a conversation of their own.
#pragma once

#include "pam_module/session.hpp"
#include "wire/message.hpp"

namespace cred::pam {

// A decision of credd. The messages of `reply` point into `body`, which lies on
// the caller's stack, so that they may be shown while nothing needs releasing.
struct Answer {
  Answer() noexcept = default;
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  wire::Reply reply;
  std::byte body[wire::max_body_bytes];
};

enum class Heard : unsigned char {
  decision,     // the answer holds a reply about the account
  unavailable,  // nobody answers, or credd says that its store or key is away
  failed,       // rubbish, or credd is misconfigured, broken or tampered with
  no_memory,
};

// A request with realm, account and source filled in.
wire::Request request_for(const Session& session, wire::Kind kind,
                          std::string_view account) noexcept;

// Sends `request` and waits for the reply. All but a decision is logged here.
Heard ask_credd(const Session& session, const wire::Request& request, Answer& answer) noexcept;

// Tells the person what the reply says.
void show(const Session& session, const wire::Reply& reply) noexcept;

}  // namespace cred::pam
