#include "administration/sieve.hpp"

#include "audit/event.hpp"
#include "engine/units.hpp"

namespace cred::administration {
namespace {

bool is_outcome(const std::string& text) {
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code)
    if (text == word(static_cast<Code>(code))) return true;
  return false;
}

}  // namespace

Expected<Sieve> Sieve::of(const Filter& filter) {
  Sieve sieve;
  const Time now = SystemClock().now();
  const auto moment = [&](const std::string& text, std::optional<Time>& time) {
    if (text.empty()) return true;
    time = engine::parse_moment(text, now);
    return time.has_value();
  };
  if (!moment(filter.since, sieve.since_) || !moment(filter.until, sieve.until_))
    return fail(Code::usage,
                "--since and --until take a day (YYYY-MM-DD), a time (2026-11-25T03:04:05Z) or a "
                "time ago, such as 2d or \"3h\"");
  if (!filter.event.empty())
    if (const auto event = audit::parse_event(filter.event); !event)
      return tl::make_unexpected(event.error());
  if (!filter.outcome.empty() && !is_outcome(filter.outcome))
    return fail(Code::usage, "--outcome takes a status, such as accepted, refused or locked");
  sieve.filter_ = filter;
  return sieve;
}

bool Sieve::passes(const engine::TrailEntry& entry) const {
  return (!since_ || entry.time >= *since_) && (!until_ || entry.time < *until_) &&
         (filter_.account.empty() || entry.account == filter_.account ||
          (entry.account_id != Uuid{} && to_string(entry.account_id) == filter_.account)) &&
         (filter_.event.empty() || entry.event == filter_.event) &&
         (filter_.outcome.empty() || word(entry.outcome) == filter_.outcome);
}

}  // namespace cred::administration
