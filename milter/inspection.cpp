#include "milter/inspection.hpp"

#include "audit/event_log.hpp"
#include "scan/read_message.hpp"

#include <cstdlib>
#include <syslog.h>
#include <unistd.h>

namespace cred::milter {

Expected<Inspection> Inspection::begin(Settings settings) {
  auto configuration = engine::load_configuration(settings.configuration);
  if (!configuration) return tl::make_unexpected(configuration.error());
  // The unit hands the root key over: its file stays root's.
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (directory != nullptr && access((std::string(directory) + "/root.key").c_str(), R_OK) == 0)
    configuration->root_key_url = "credential:root.key";
  auto engine = engine::Engine::open(*configuration, std::make_shared<SystemClock>(),
                                     audit::EventLog("cred-milter"));
  if (!engine) return tl::make_unexpected(engine.error());
  if (const auto realm = engine->realm(settings.realm); !realm)
    return tl::make_unexpected(realm.error());
  return Inspection(std::move(settings), std::move(*engine));
}

Fate Inspection::trouble(const std::string& queue_id, const Error& error) const {
  syslog(LOG_ERR, "%s: %s by this: %s", queue_id.c_str(),
         settings_.hold_on_trouble ? "held back" : "passed unread", error.message.c_str());
  return settings_.hold_on_trouble ? Fate::hold : Fate::pass;
}

Fate Inspection::judge(const std::string& sender, std::span<const char> message,
                       const std::string& queue_id) {
  const std::string name = settings_.strip_domain ? sender.substr(0, sender.find('@')) : sender;
  const auto text = scan::read_message(message);
  if (!text) return trouble(queue_id, text.error());
  auto realm = engine_.realm(settings_.realm);
  if (!realm) return trouble(queue_id, realm.error());
  engine::Actor actor;
  actor.name = "cred-milter";
  actor.service = "cred-milter";
  const auto found = realm->scan(name, *text, scan::message_id(message, queue_id), actor);
  engine_.wipe_memory();
  if (!found) return trouble(queue_id, found.error());
  if (!found->found) {
    if (found->limited)
      syslog(LOG_NOTICE, "%s: %zu of %zu words were tried", queue_id.c_str(), found->hashed,
             found->candidates);
    return Fate::pass;
  }
  syslog(LOG_WARNING, "%s: rejected: the sender's own password stands in it", queue_id.c_str());
  return Fate::reject;
}

}  // namespace cred::milter
