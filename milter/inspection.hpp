// What is to become of a message of a sender who logged in.
#pragma once

#include "engine/engine.hpp"

#include <optional>
#include <string>

namespace cred::milter {

struct Settings {
  std::string configuration;
  std::string realm = "system";
  bool strip_domain = false;  // "alice@example.org" is alice
  bool hold_on_trouble = false;
};

enum class Fate : std::uint8_t { pass, reject, hold };

class Inspection {
 public:
  // Errors: as Engine::open and Engine::realm.
  static Expected<Inspection> begin(Settings settings);

  // `sender` is the name that somebody logged in with, `queue_id` the mail server's. Trouble is
  // logged; the message passes then, unless `hold_on_trouble`. Safe from several threads.
  Fate judge(const std::string& sender, std::span<const char> message, const std::string& queue_id);

 private:
  Inspection(Settings settings, engine::Engine engine)
      : settings_(std::move(settings)), engine_(std::move(engine)) {}
  Fate trouble(const std::string& queue_id, const Error& error) const;

  Settings settings_;
  engine::Engine engine_;
};

}  // namespace cred::milter
