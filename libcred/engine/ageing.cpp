#include "engine/ageing.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

constexpr int spread_days = 14;

// The first day of the quarter after the one that `day` lies in.
sys_days quarter_end(sys_days day) {
  const std::chrono::year_month_day date(day);
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned next = (month - 1) / 3 * 3 + 4;
  const auto year = next > 12 ? date.year() + std::chrono::years(1) : date.year();
  return sys_days(year / std::chrono::month(next > 12 ? 1 : next) / 1);
}

Time quarterly_due(Time set_at, const Uuid& account) {
  const auto day = floor<days>(set_at);
  sys_days end = quarter_end(day);
  if (day >= end - days(spread_days)) end = quarter_end(end);
  // Of 65,536 values each day gets as many as another, but for one.
  const int draw = std::to_integer<int>(account[0]) * 256 + std::to_integer<int>(account[1]);
  return end - days(draw % spread_days);
}

}  // namespace

std::optional<Time> due(const policy::Options& options, const Credential& credential,
                        const Uuid& account) {
  if (!options.periodic()) return std::nullopt;
  const Time aged = options.each_quarter ? quarterly_due(credential.set_at, account)
                                         : credential.set_at + *options.max_age;
  return std::max(aged, credential.exempt_until);
}

}  // namespace cred::engine
