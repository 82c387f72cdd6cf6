#include "engine/grants.hpp"

#include "base/bytes.hpp"
#include "engine/grant_list.hpp"
#include "engine/units.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t fixed_bytes = 1 + 8 + 4;
constexpr std::size_t fixed_bytes_of_each = 8 + 1 + 3 * 8 + 3 * 4;
constexpr std::size_t max_by_bytes = 256;

std::int64_t stored(Time time) { return time.time_since_epoch().count(); }

std::string text_of(const Grant& grant) {
  return "grant " + std::to_string(grant.number) + ": " + grant.holder + " as " + word(grant.role);
}

// Takes out those that `ends` says, with a record for each.
template <typename Ends>
std::size_t end_some(RealmChange& change, GrantList& list, const Actor& actor,
                     const std::string& why, Ends ends) {
  std::size_t ended = 0;
  for (const Grant& grant : list.grants) {
    if (!ends(grant)) continue;
    change.note({.event = audit::Event::grant_ended,
                 .actor = actor,
                 .detail = text_of(grant) + ": " + why});
    ++ended;
  }
  std::erase_if(list.grants, ends);
  return ended;
}

constexpr const char* time_was_over = "its time was over";

}  // namespace

bool in_force(const Grant& grant, Time now, Time latest) noexcept {
  return now >= grant.from && now < grant.until && (latest <= grant.beyond || latest < grant.until);
}

bool is_holder(std::string_view text) noexcept {
  if (text.starts_with('@')) text.remove_prefix(1);
  return !text.empty() && text.size() < max_holder_bytes && text.front() != '@' &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return c == '/' || c == ':' || static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
         });
}

std::vector<std::byte> encode(const GrantList& list) {
  std::size_t size = fixed_bytes;
  for (const Grant& g : list.grants)
    size += fixed_bytes_of_each + g.holder.size() + g.reason.size() + g.by.size();
  std::vector<std::byte> bytes(size);
  Writer w(bytes);
  w.u8(format);
  w.u64(list.next);
  w.u32(static_cast<std::uint32_t>(list.grants.size()));
  for (const Grant& g : list.grants) {
    w.u64(g.number);
    w.u8(static_cast<std::uint8_t>(g.role));
    for (const Time time : {g.from, g.until, g.beyond}) w.i64(stored(time));
    for (const std::string* text : {&g.holder, &g.reason, &g.by}) w.text(*text);
  }
  return bytes;
}

Expected<GrantList> decode_grants(std::span<const std::byte> bytes) {
  const auto malformed = [] {
    return fail(Code::integrity, "the grants of the realm are malformed");
  };
  Reader r(bytes);
  GrantList list;
  if (r.u8() != format) return malformed();
  list.next = r.u64();
  const std::uint32_t count = r.u32();
  if (!r.ok() || count > most_grants || list.next == 0) return malformed();
  for (std::uint32_t i = 0; i < count; ++i) {
    Grant g;
    g.number = r.u64();
    const auto role = role_of(r.u8());
    for (Time* time : {&g.from, &g.until, &g.beyond}) *time = Time(Duration(r.i64()));
    g.holder = r.text();
    g.reason = r.text();
    g.by = r.text();
    if (!r.ok() || !role || !is_holder(g.holder) || g.reason.size() > max_reason ||
        g.by.size() > max_by_bytes || g.number == 0 || g.number >= list.next)
      return malformed();
    g.role = *role;
    list.grants.push_back(std::move(g));
  }
  if (!r.finished()) return malformed();
  return list;
}

GrantList grants_of(RealmState& state) {
  const auto document = state.document(grants_document, state.head().grants);
  return document ? value_or_throw(decode_grants(document->bytes())) : GrantList{};
}

void set_grants(RealmChange& change, const GrantList& list) {
  // The number of the change: after a restore, too, none that any list ever had.
  change.head().grants = change.head().number;
  change.set_document(grants_document, change.head().grants, encode(list));
}

bool end_all_grants(RealmChange& change, const Actor& actor, const std::string& why) {
  GrantList list = grants_of(change);
  if (end_some(change, list, actor, why, [](const Grant&) { return true; }) == 0) return false;
  set_grants(change, list);
  return true;
}

bool forget_in(GrantList& list, std::string_view name, const Mentions& mentions) {
  bool found = std::erase_if(list.grants, [&](const Grant& g) { return g.holder == name; }) > 0;
  for (Grant& g : list.grants)
    for (std::string* text : {&g.reason, &g.by})
      if (mentions.in(*text)) {
        text->clear();
        found = true;
      }
  return found;
}

Expected<Grant> Realm::add_grant(const std::string& holder, Role role, Duration time,
                                 const std::string& reason, const Actor& actor,
                                 std::optional<Time> latest_end) {
  return at_the_door([&]() -> Expected<Grant> {
    if (!is_holder(holder) || !check_name(std::string_view(holder).substr(holder.starts_with('@'))))
      return fail(Code::usage,
                  "a grant is for a user, or for a group with an '@' before its name, at most 64 "
                  "bytes without spaces, '/' and ':'");
    if (time <= Duration::zero() || time > longest_grant)
      return fail(Code::usage, "a grant is for a while, such as 2h, and for 90d at most");
    if (auto given = check_reason(reason); !given) return tl::make_unexpected(given.error());
    RealmChange change(*parts_);
    change.must_be_in_use();
    const Time now = parts_->clock->now();
    const Time seen = change.head().time;
    GrantList list = grants_of(change);
    (void)end_some(change, list, {}, time_was_over,
                   [&](const Grant& g) { return !in_force(g, now, seen); });
    if (list.grants.size() >= most_grants)
      return fail(Code::conflict, "the realm has 256 grants in force; remove some first");
    Grant grant;
    grant.number = list.next++;
    grant.holder = holder;
    grant.role = role;
    grant.from = now;
    grant.until = now + time;
    if (latest_end && grant.until > *latest_end)
      return fail(Code::usage, "you hold your role by a grant that ends at " +
                                   print_time(*latest_end) + "; what you grant ends no later");
    grant.reason = reason;
    grant.by = actor.name.substr(0, max_by_bytes);
    if (seen > now) grant.beyond = seen;
    list.grants.push_back(grant);
    set_grants(change, list);
    change.note({.event = audit::Event::grant_added,
                 .actor = actor,
                 .detail = text_of(grant) + " until " + print_time(grant.until) + ": " + reason});
    change.commit();
    return grant;
  });
}

Expected<std::vector<Grant>> Realm::grants() {
  return at_the_door([&]() -> Expected<std::vector<Grant>> {
    RealmState state(*parts_, store::Access::read);
    GrantList list = grants_of(state);
    const Time now = parts_->clock->now();
    std::erase_if(list.grants,
                  [&](const Grant& g) { return !in_force(g, now, state.head().time); });
    return std::move(list.grants);
  });
}

Expected<std::size_t> Realm::remove_grants(const std::string& holder, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::size_t> {
    RealmChange change(*parts_);
    GrantList list = grants_of(change);
    const Time now = parts_->clock->now();
    const Time seen = change.head().time;
    const std::size_t over = end_some(change, list, {}, time_was_over,
                                      [&](const Grant& g) { return !in_force(g, now, seen); });
    const std::size_t removed = end_some(change, list, actor, "it was taken back",
                                         [&](const Grant& g) { return g.holder == holder; });
    if (over + removed > 0) {
      set_grants(change, list);
      change.commit();
    }
    if (removed == 0)
      return fail(Code::not_found, "'" + holder + "' has no grant in realm " + name());
    return removed;
  });
}

Expected<std::size_t> Realm::end_grants() {
  return at_the_door([&]() -> Expected<std::size_t> {
    const auto over = [&](RealmState& state, GrantList& list) {
      list = grants_of(state);
      const Time now = parts_->clock->now();
      const Time seen = state.head().time;
      return [now, seen](const Grant& g) { return !in_force(g, now, seen); };
    };
    GrantList list;
    {
      // Seldom is there one: nobody has to wait for a look.
      RealmState state(*parts_, store::Access::read);
      const auto ends = over(state, list);
      if (std::none_of(list.grants.begin(), list.grants.end(), ends)) return 0;
    }
    RealmChange change(*parts_);
    const auto ends = over(change, list);
    const std::size_t ended = end_some(change, list, {}, time_was_over, ends);
    if (ended == 0) return 0;
    set_grants(change, list);
    change.commit();
    return ended;
  });
}

Expected<void> Realm::note_use(audit::Event event, std::string_view account, const Actor& actor,
                               const std::string& what, Code outcome) {
  return at_the_door([&]() -> Expected<void> {
    RealmChange change(*parts_);
    Noted noted{.event = event, .actor = actor, .detail = what, .outcome = outcome};
    // A name that is no account's may be a password typed in the wrong place.
    if (!account.empty())
      if (const auto found = change.find_in_any_phase(account)) {
        noted.account = found->row.id;
        noted.name = account;
      }
    change.note(noted);
    change.commit();
    return {};
  });
}

}  // namespace cred::engine
