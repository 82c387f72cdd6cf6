// Does the account's own password stand in a message?

#include "engine/realm_state.hpp"
#include "policy/candidates.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// Of one message, and of all messages in a day: whoever can send messages for an account is not
// to guess at its password with them.
constexpr std::size_t most_in_message = 32;
constexpr std::uint32_t most_in_day = 2'000;
constexpr Duration day = std::chrono::hours(24);

constexpr std::size_t longest_text = std::size_t{4} * 1024 * 1024;
constexpr std::size_t longest_id = 128;

// As source_subject has it: the counter of a name that no attempt has.
store::Subject subject_of(const vault::Vault& vault, std::string_view name) {
  return vault.subject(std::string(name) + "\x1f\x1f" + "scan");
}

// An id that a person can find the message by, and nothing else. Headers hold what they will.
Expected<std::string> checked_id(std::string_view message) {
  std::string id(message);
  if (id.starts_with('<') && id.ends_with('>') && id.size() > 2) id = id.substr(1, id.size() - 2);
  const bool plain = std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
  if (id.empty() || id.size() > longest_id || !plain)
    return fail(Code::usage,
                "the message's id must be 1 to 128 printable ASCII characters without a space");
  return id;
}

// Takes as many tries as there are left from the day's, before they are made, and writes down
// that a message was looked through.
std::size_t reserve(const Realm::Parts& parts, std::string_view name, const std::string& id,
                    std::size_t wished, const Actor& actor) {
  RealmChange change(parts, store::Access::write, RealmChange::Journal::later);
  change.must_be_in_use();
  const store::Subject subject = subject_of(change.vault(), name);
  store::Attempts counter = change.transaction().attempts(subject);
  const Time now = parts.clock->now();
  // A window that begins in the future was left by a clock that was ahead.
  if (counter.last_success > now || now - counter.last_success >= day) {
    counter.since_login = 0;
    counter.last_success = now;
  }
  const std::uint32_t left = most_in_day - std::min(counter.since_login, most_in_day);
  const std::size_t granted = std::min<std::size_t>(wished, left);
  counter.since_login += static_cast<std::uint32_t>(granted);
  counter.name = change.vault().subject(name);
  change.transaction().set_attempts(subject, counter);
  Noted noted{.event = audit::Event::scanned,
              .actor = actor,
              .detail = "message " + id + ": " + std::to_string(granted) + " of " +
                        std::to_string(wished) + " words were tried"};
  // The same look for all names, and no word of those that are no account's.
  if (const auto row = change.transaction().find(name)) {
    noted.account = row->id;
    noted.name = row->name;
  }
  change.note(noted);
  change.commit();
  return granted;
}

}  // namespace

Expected<Scan> Realm::scan(std::string_view name, std::string_view text, std::string_view message,
                           const Actor& actor) {
  return at_the_door([&]() -> Expected<Scan> {
    const auto id = checked_id(message);
    if (!id) return tl::make_unexpected(id.error());
    if (text.size() > longest_text) return fail(Code::usage, "the text has more than 4 MiB");
    const auto candidates = policy::candidates(text, parts_->policy.options(), most_in_message);
    Scan scan;
    scan.candidates = candidates.total;
    if (candidates.likeliest.empty()) return scan;
    const std::size_t granted = reserve(*parts_, name, *id, candidates.likeliest.size(), actor);
    scan.limited = granted < candidates.total;
    std::optional<Account> account;
    const auto verifier = parts_->verifier_of(name, account);
    Arenas::Lent arena(*parts_->arenas, parts_->parameters.memory);
    for (std::size_t i = 0; i < granted && !scan.found; ++i) {
      const Secret& candidate = candidates.likeliest[i];
      ++scan.hashed;
      const bool right = parts_->matches(candidate, verifier, arena);
      // A stand-in's password is none of this name's.
      scan.found = account && right;
    }
    if (scan.found)
      parts_->mark_compromised(*account, "the password stands in message " + *id, actor);
    return scan;
  });
}

}  // namespace cred::engine
