// Answers wire requests by the engine.
#pragma once

#include "broker/administration.hpp"
#include "broker/authority.hpp"
#include "broker/engine_source.hpp"
#include "broker/refusals.hpp"
#include "wire/message.hpp"

#include <string>
#include <vector>

namespace cred::broker {

class Service {
 public:
  // The first three outlive it.
  Service(EngineSource& engine, Refusals& refusals, Looks& looks, Principal principal)
      : engine_(engine), refusals_(refusals), looks_(looks), principal_(std::move(principal)) {}

  // The answer's last frame; `send` gets those before it, which only orders have. What
  // went wrong inside is logged, without secrets; the client learns the code and, where a
  // person can act on it, a sentence. Empty: nobody reads it.
  Secret answer(std::span<const std::byte> body, const SendPart& send);

 private:
  struct Answer {
    wire::Reply reply;
    std::vector<std::string> messages;
  };
  Answer answer(const wire::Request& request);
  Answer refused(const wire::Request& request);
  Answer check(engine::Realm& realm, const wire::Request& request);
  Answer begin_session(engine::Realm& realm, const wire::Request& request);
  bool must_change(const wire::Request& request) const;
  Answer change(engine::Realm& realm, const wire::Request& request);
  Answer enrol(engine::Realm& realm, const wire::Request& request);
  engine::Actor actor_of(const wire::Request& request) const;
  Answer failed(const wire::Request& request, const Error& error) const;
  Expected<engine::Realm> realm(std::string_view name);

  engine::Origin origin(const wire::Request& request) const {
    return {source_, request.source.service, request.source.tty};
  }

  EngineSource& engine_;
  Refusals& refusals_;
  Looks& looks_;
  const Principal principal_;
  // Of the request that is being answered.
  std::string realm_name_;
  std::string source_;
};

}  // namespace cred::broker
