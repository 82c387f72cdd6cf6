#include "audit/event.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace cred::audit {
namespace {

struct Row {
  Event event;
  const char* word;
  const char* description;
};

constexpr std::array rows = {
    Row{Event::enrolled, "enrolled", "an account was enrolled"},
    Row{Event::changed, "changed", "the owner changed the password"},
    Row{Event::reset, "reset", "an administrator set the password"},
    Row{Event::expired, "expired", "the password has to be changed"},
    Row{Event::locked, "locked", "the account was locked"},
    Row{Event::unlocked, "unlocked", "the account was unlocked"},
    Row{Event::rehashed, "rehashed", "the password was hashed with newer parameters"},
    Row{Event::aged_out, "aged_out", "the password was found expired at a login"},
    Row{Event::disabled, "disabled", "the account was disabled"},
    Row{Event::enabled, "enabled", "the account was enabled"},
    Row{Event::profile_set, "profile_set", "the profile was altered"},
    Row{Event::exempted, "exempted", "an exemption from expiry began or ended"},
    Row{Event::compromised, "compromised", "the password was marked as compromised"},
    Row{Event::data_unusable, "data_unusable", "a list or the corpus could not be used"},
    Row{Event::attempts_cleared, "attempts_cleared", "failed attempts were cleared"},
    Row{Event::request_refused, "request_refused", "a request was refused to who may not ask"},
    Row{Event::realm_added, "realm_added", "the realm was added"},
    Row{Event::authenticated, "authenticated", "the right password was given"},
    Row{Event::refused, "refused", "a wrong password was given"},
    Row{Event::erased, "erased", "an account was erased"},
    Row{Event::exported, "exported", "the data of an account were exported"},
    Row{Event::realm_suspended, "realm_suspended", "the realm was suspended"},
    Row{Event::realm_resumed, "realm_resumed", "the realm was resumed"},
    Row{Event::realm_expired, "realm_expired", "every password of the realm has to be changed"},
    Row{Event::realm_erased, "realm_erased", "the realm was erased"},
    Row{Event::root_key_rotated, "root_key_rotated", "the root key was exchanged"},
    Row{Event::data_key_rotated, "data_key_rotated", "the data key of the realm was exchanged"},
    Row{Event::data_key_retired, "data_key_retired", "an old data key is no longer used"},
    Row{Event::key_destroyed, "key_destroyed", "a key was destroyed"},
    Row{Event::rollback_noticed, "rollback_noticed", "the store is older than it was"},
    Row{Event::rollback_accepted, "rollback_accepted", "an older store was accepted"},
    Row{Event::trail_pruned, "trail_pruned", "old records of the trail were removed"},
    Row{Event::backup_created, "backup_created", "a backup was made"},
    Row{Event::restored, "restored", "a backup was restored"},
    Row{Event::grant_added, "grant_added", "a right was granted"},
    Row{Event::grant_ended, "grant_ended", "a granted right ended"},
    Row{Event::grant_used, "grant_used", "a granted right was used"},
    Row{Event::one_time_expired, "one_time_expired", "a one-time password was not used in time"},
    Row{Event::trail_started, "trail_started", "the trail was started"},
    Row{Event::session_ended, "session_ended", "a session ended"},
    Row{Event::tampering_noticed, "tampering_noticed", "stored data were tampered with"},
    Row{Event::maintained, "maintained", "maintenance was done"},
    Row{Event::viewed, "viewed", "an administrator looked at the realm"},
    Row{Event::imported, "imported", "an account was imported with another system's hash"},
    Row{Event::scanned, "scanned", "a message was looked through for the account's password"},
};

constexpr auto events = [] {
  std::array<Event, rows.size()> all{};
  for (std::size_t i = 0; i < rows.size(); ++i) all[i] = rows[i].event;
  return all;
}();

constexpr bool in_order() {
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (rows[i].event <= rows[i - 1].event) return false;
  return true;
}
static_assert(in_order());

const Row* find(Event event) noexcept {
  for (const Row& row : rows)
    if (row.event == event) return &row;
  return nullptr;
}

}  // namespace

std::span<const Event> all_events() noexcept { return events; }

const char* word(Event event) noexcept {
  const Row* row = find(event);
  return row != nullptr ? row->word : "unknown";
}

const char* description(Event event) noexcept {
  const Row* row = find(event);
  return row != nullptr ? row->description : "an event that is not known";
}

std::optional<Event> event_of(std::uint8_t number) noexcept {
  const Row* row = find(static_cast<Event>(number));
  return row != nullptr ? std::optional(row->event) : std::nullopt;
}

std::optional<Event> event_of(std::string_view word) noexcept {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return word == r.word; });
  return row != rows.end() ? std::optional(row->event) : std::nullopt;
}

Expected<Event> parse_event(std::string_view word) {
  if (const auto event = event_of(word)) return *event;
  std::array<std::string_view, rows.size()> words{};
  for (std::size_t i = 0; i < rows.size(); ++i) words[i] = rows[i].word;
  return fail(Code::usage, "there is no event '" + std::string(word.substr(0, 64)) +
                               "'; did you mean '" + std::string(nearest(word, words)) + "'?");
}

}  // namespace cred::audit
