// Answers wire requests by the engine.
#pragma once

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "wire/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

namespace cred::broker {

// On whose behalf requests come: the kernel's word, not the client's.
struct Principal {
  uid_t uid = 0;
};

class Service {
 public:
  Service(std::string configuration_path, Principal principal)
      : configuration_path_(std::move(configuration_path)), principal_(principal) {}

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

  std::string configuration_path_;
  Principal principal_;
  std::optional<engine::Engine> engine_;
};

}  // namespace cred::broker
