// Answers wire requests by the engine.
#pragma once

#include "broker/authority.hpp"
#include "broker/engine_source.hpp"
#include "wire/message.hpp"

#include <string>
#include <vector>

namespace cred::broker {

class Service {
 public:
  // `engine` outlives it.
  Service(EngineSource& engine, Principal principal) : engine_(engine), principal_(principal) {}

  // The answer's frame. What went wrong inside is logged, without secrets; the
  // client learns the code and, where a person can act on it, a sentence.
  Secret answer(std::span<const std::byte> body);

 private:
  struct Answer {
    wire::Reply reply;
    std::vector<std::string> messages;
  };
  Answer answer(const wire::Request& request);
  Answer change(engine::Realm& realm, const wire::Request& request);
  Answer failed(const wire::Request& request, const Error& error) const;
  Expected<engine::Realm> realm(std::string_view name);

  EngineSource& engine_;
  const Principal principal_;
};

}  // namespace cred::broker
