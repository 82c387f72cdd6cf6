// Answers administrators, who ask by credctl and may not open the store themselves.
#pragma once

#include "administration/command.hpp"
#include "broker/authority.hpp"
#include "broker/engine_source.hpp"
#include "broker/refusals.hpp"
#include "wire/administration.hpp"

#include <functional>
#include <optional>
#include <string>

namespace cred::broker {

// Takes a frame on its way, and answers false where nobody reads any more.
using SendPart = std::function<bool(Secret)>;

// Writes down, as often as `refusals` lets it, that `uid` asked for what it may not.
// `account` is named where there is such a one.
void note_refusal(EngineSource& engine, Refusals& refusals, uid_t uid, const std::string& realm,
                  const std::string& what, std::string_view account);

class Administration {
 public:
  // The first three outlive it.
  Administration(EngineSource& engine, Refusals& refusals, Looks& looks, Principal principal)
      : engine_(engine), refusals_(refusals), looks_(looks), principal_(std::move(principal)) {}

  // The last frame of the answer to an order; `send` gets the ones before it. Empty:
  // nobody reads it.
  Secret answer(std::span<const std::byte> body, const SendPart& send);

 private:
  administration::Outcome perform(const wire::Order& order, const administration::Row& row);
  administration::Outcome perform(const wire::Order& order, const administration::Command& command,
                                  const Authority& authority, const administration::Row& row);
  std::optional<Authority> authority(const wire::Order& order, engine::Operation operation);
  // Whether the command is about somebody who may do more than the caller.
  bool reaches_up(const administration::Command& command, const Authority& authority) const;
  // What the trail has to know before something is shown. Errors: as the store's.
  Expected<void> note_look(const administration::Command& command, const Authority& authority,
                           const engine::Actor& actor);
  Expected<void> note(audit::Event event, const administration::Command& command,
                      const engine::Actor& actor, const std::string& what,
                      Code outcome = Code::accepted);
  // Of what went wrong inside the client learns no more than the code.
  administration::Outcome for_client(administration::Outcome outcome) const;

  EngineSource& engine_;
  Refusals& refusals_;
  Looks& looks_;
  const Principal principal_;
  std::string realm_;
  uid_t uid_ = 0;  // who acts
};

}  // namespace cred::broker
