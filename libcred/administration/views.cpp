#include "administration/views.hpp"

#include "engine/units.hpp"

#include <nlohmann/json.hpp>

namespace cred::administration {
namespace {

nlohmann::json json_of(const engine::LastLogin& last) {
  if (!last.login) return nullptr;
  return {{"at", engine::print_time(last.login->at)},
          {"host", last.login->host},
          {"tty", last.login->tty},
          {"service", last.login->service},
          {"failures_since", last.failures_since}};
}

const char* word(engine::State state) {
  switch (state) {
    case engine::State::locked: return "locked";
    case engine::State::disabled: return "disabled";
    case engine::State::active: break;
  }
  return "active";
}

nlohmann::json time_or_null(const std::optional<Time>& time) {
  return time ? nlohmann::json(engine::print_time(*time)) : nlohmann::json();
}

}  // namespace

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

nlohmann::json json_of(const engine::Status& s) {
  nlohmann::json j{{"account", s.name},
                   {"id", to_string(s.id)},
                   {"generation", s.generation},
                   {"state", word(s.state)},
                   {"must_change", s.standing.code == Code::must_change},
                   {"reason", word(s.standing.reason)},
                   {"set", engine::print_time(s.standing.set_at)},
                   {"due", time_or_null(s.standing.due)},
                   {"warn", s.standing.warn},
                   {"passwords", s.passwords},
                   {"failures", s.failures},
                   {"attempts_left", s.attempts_left},
                   {"blocked_until", nullptr}};
  if (s.blocked_until)
    j["blocked_until"] =
        *s.blocked_until == Time::max() ? "never" : engine::print_time(*s.blocked_until);
  j["last_login"] = time_or_null(s.last_login);
  j["last_session"] = json_of(s.last_session);
  j["session_epoch"] = s.session_epoch;
  j["exempt_until"] = time_or_null(s.exempt_until);
  if (s.exempt_until) j["exempt_reason"] = s.exempt_reason;
  return j;
}

nlohmann::json json_of(const engine::Profile& p) {
  return {{"full_name", p.full_name},   {"email", p.email},
          {"birth_date", p.birth_date}, {"phone", p.phone},
          {"attributes", p.attributes}, {"added", engine::print_time(p.created_at)}};
}

nlohmann::json json_of(const hash::Parameters& p) {
  return {{"memory_kib", p.memory}, {"passes", p.passes}, {"lanes", p.lanes}};
}

nlohmann::json json_of(const engine::FailedAttempts& failed) {
  nlohmann::json j{{"account", text_or_null(failed.account)},
                   {"source", text_or_null(failed.source)},
                   {"by_source", failed.by_source},
                   {"failures", failed.failures},
                   {"last_failure", engine::print_time(failed.last_failure)},
                   {"blocked_until", nullptr}};
  if (failed.blocked_until)
    j["blocked_until"] = *failed.blocked_until == Time::max()
                             ? "cleared"
                             : engine::print_time(*failed.blocked_until);
  return j;
}

nlohmann::json json_of(const engine::TrailEntry& entry) {
  const bool about_one = entry.account_id != Uuid{};
  return {{"number", entry.number},
          {"time", engine::print_time(entry.time)},
          {"event", entry.event},
          {"outcome", cred::word(entry.outcome)},
          {"account", text_or_null(entry.account)},
          {"account_id", about_one ? nlohmann::json(to_string(entry.account_id)) : nullptr},
          {"uid", entry.uid ? nlohmann::json(*entry.uid) : nlohmann::json()},
          {"actor", text_or_null(entry.actor)},
          {"source", text_or_null(entry.source)},
          {"service", text_or_null(entry.service)},
          {"tty", text_or_null(entry.tty)},
          {"detail", text_or_null(entry.detail)},
          {"erased", entry.erased}};
}

nlohmann::json json_of(const engine::RealmStatus& status) {
  return {{"realm", status.name},
          {"id", to_string(status.id)},
          {"phase", word(status.phase)},
          {"until", time_or_null(status.until)},
          {"trial", status.trial},
          {"by_administrator", status.by_administrator},
          {"accounts", status.accounts},
          {"erased_accounts", status.erased_accounts},
          {"changes", status.changes},
          {"changed", engine::print_time(status.changed)},
          {"audit_records", status.audit_records}};
}

nlohmann::json json_of(const engine::Grant& grant) {
  return {{"number", grant.number},
          {"holder", grant.holder},
          {"role", word(grant.role)},
          {"from", engine::print_time(grant.from)},
          {"until", engine::print_time(grant.until)},
          {"reason", grant.reason},
          {"by", grant.by}};
}

nlohmann::json json_of(const engine::PersonalData& data, const std::string& realm) {
  auto object = json_of(data.status);
  object["realm"] = realm;
  object["profile"] = json_of(data.status.profile);
  auto& failures = object["failed_attempts"] = nlohmann::json::array();
  for (const auto& failed : data.failures)
    failures.push_back({{"source", text_or_null(failed.source)},
                        {"failures", failed.failures},
                        {"last_failure", engine::print_time(failed.last_failure)}});
  auto& records = object["records"] = nlohmann::json::array();
  for (const auto& record : data.records)
    records.push_back({{"time", engine::print_time(record.time)},
                       {"event", record.event},
                       {"outcome", cred::word(record.outcome)},
                       {"actor", text_or_null(record.actor)},
                       {"source", text_or_null(record.source)}});
  return object;
}

nlohmann::json json_of(const policy::Parameters& parameters) {
  auto object = nlohmann::json::object();
  for (const auto& [name, value] : parameters) object[name] = value;
  return object;
}

nlohmann::json violations_json(const std::vector<policy::Verdict>& verdicts) {
  auto list = nlohmann::json::array();
  for (const auto* verdict : engine::violations(verdicts))
    list.push_back({{"rule", verdict->rule},
                    {"message", *verdict->violation},
                    {"parameters", json_of(verdict->parameters)}});
  return list;
}

}  // namespace cred::administration
