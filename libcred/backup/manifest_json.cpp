#include "backup/manifest_json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace cred::backup {
namespace {

constexpr const char* format = "libcred backup";
constexpr std::uint64_t version = 1;
constexpr std::size_t max_text_bytes = 1024;
// What every reader of JSON keeps exactly (RFC 8259 §6).
constexpr std::uint64_t max_number = (std::uint64_t{1} << 53) - 1;
constexpr Time end_of_time{std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)};

[[noreturn]] void wrong(const std::string& what) { throw Failure(Code::integrity, what); }

void need(bool right, const char* member, const char* what) {
  if (!right) wrong(std::string("has a \"") + member + "\" that is not " + what);
}

bool is_plain(std::string_view text) {
  return text.size() <= max_text_bytes && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

void need_plain(std::string_view text, const char* member) {
  need(is_plain(text), member, "a text of at most 1,024 bytes without control characters");
}

void need_time(Time time, const char* member) {
  need(time >= Time{} && time < end_of_time, member, "a time from 1970 to 9999");
}

void need_number(std::uint64_t number, const char* member) {
  need(number <= max_number, member, "a number up to 2^53 - 1");
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  std::string digits(text);
  for (const std::size_t dash : {23U, 18U, 13U, 8U}) {
    if (digits[dash] != '-') return false;
    digits.erase(dash, 1);
  }
  return is_hexadecimal(digits);
}

bool is_file_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '.' &&
         text.find('/') == std::string_view::npos;
}

// RFC 3339, UTC, with milliseconds.
std::string text_of(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()),
                      static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Time time_of(const Json& json, const char* member) {
  const std::string text = backup::text_of(json, member);
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  std::array<int, 7> numbers{};
  bool right = text.size() == shape.size();
  for (std::size_t i = 0, n = 0; right && i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    right = shape[i] == '0' ? digit : text[i] == shape[i];
    if (digit && right) numbers.at(n) = 10 * numbers.at(n) + (text[i] - '0');
    if (shape[i] != '0') ++n;
  }
  using namespace std::chrono;
  const year_month_day date{year{numbers[0]}, month{static_cast<unsigned>(numbers[1])},
                            day{static_cast<unsigned>(numbers[2])}};
  right = right && date.ok() && numbers[3] < 24 && numbers[4] < 60 && numbers[5] < 60;
  need(right, member, "a time such as 2026-11-25T01:02:03.045Z");
  return Time(sys_days(date).time_since_epoch() + hours(numbers[3]) + minutes(numbers[4]) +
              seconds(numbers[5]) + milliseconds(numbers[6]));
}

std::uint64_t number_of(const Json& json, const char* member) {
  const Json& value = json.at(member);
  need(value.is_number_unsigned(), member, "a whole number");
  return value.get<std::uint64_t>();
}

Json to_json(const Manifest::Realm& realm) {
  return Json{{"id", realm.id},
              {"name", realm.name},
              {"accounts", realm.accounts},
              {"audit_records", realm.audit_records},
              {"erased", realm.erased},
              {"last_number", realm.last_number},
              {"change", realm.change},
              {"digest", realm.digest},
              {"time", text_of(realm.time)}};
}

Manifest::Realm realm_from(const Json& json) {
  check_members(json, "a realm",
                {"id", "name", "accounts", "audit_records", "erased", "last_number", "change",
                 "digest", "time"},
                {});
  Manifest::Realm realm;
  realm.id = backup::text_of(json, "id");
  realm.name = backup::text_of(json, "name");
  realm.accounts = number_of(json, "accounts");
  realm.audit_records = number_of(json, "audit_records");
  realm.erased = number_of(json, "erased");
  realm.last_number = number_of(json, "last_number");
  realm.change = number_of(json, "change");
  realm.digest = backup::text_of(json, "digest");
  realm.time = time_of(json, "time");
  return realm;
}

void check(const Manifest::Realm& realm) {
  need(is_uuid(realm.id), "id", "a UUID in lower case");
  need_plain(realm.name, "name");
  need(!realm.name.empty(), "name", "a realm's");
  need_number(realm.accounts, "accounts");
  need_number(realm.audit_records, "audit_records");
  need_number(realm.erased, "erased");
  need_number(realm.last_number, "last_number");
  need_number(realm.change, "change");
  need_plain(realm.digest, "digest");
  need(is_hexadecimal(realm.digest), "digest", "hexadecimal digits in lower case");
  need_time(realm.time, "time");
}

}  // namespace

Json parse(std::string_view text) {
  constexpr int deepest = 4;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest) wrong("is nested too deeply");
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), shallow, false);
  if (json.is_discarded()) wrong("is not JSON");
  return json;
}

void check_members(const Json& json, const char* what, std::vector<const char*> needed,
                   std::vector<const char*> optional) {
  if (!json.is_object()) wrong(std::string("is no object of JSON where ") + what + " should be");
  for (const char* member : needed)
    if (!json.contains(member)) wrong(std::string("lacks \"") + member + "\" in " + what);
  for (const auto& [name, value] : json.items()) {
    const auto same = [&name = name](const char* known) { return name == known; };
    if (std::ranges::none_of(needed, same) && std::ranges::none_of(optional, same))
      wrong(std::string("has a member in ") + what + " that is not known");
  }
}

std::string text_of(const Json& json, const char* member) {
  const Json& value = json.at(member);
  need(value.is_string(), member, "a text");
  return value.get<std::string>();
}

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void check(const Manifest& manifest) {
  need_time(manifest.created, "created");
  need_plain(manifest.root_key_id, "root_key_id");
  need_plain(manifest.software, "software");
  need_plain(manifest.archive, "archive");
  need(is_file_name(manifest.archive), "archive", "a file name");
  need_number(manifest.bytes, "bytes");
  need(manifest.digest.size() == 64 && is_hexadecimal(manifest.digest), "digest",
       "64 hexadecimal digits in lower case");
  if (manifest.restored_from) need_plain(*manifest.restored_from, "restored_from");
  std::set<std::string_view> ids;
  for (const auto& realm : manifest.realms) {
    check(realm);
    if (!ids.insert(realm.id).second) wrong("has a realm twice");
  }
}

Json to_json(const Manifest& manifest) {
  Json json{{"format", format},
            {"version", version},
            {"created", text_of(manifest.created)},
            {"software", manifest.software},
            {"root_key_id", manifest.root_key_id},
            {"archive", manifest.archive},
            {"bytes", manifest.bytes},
            {"digest", manifest.digest}};
  if (manifest.restored_from) json["restored_from"] = *manifest.restored_from;
  Json realms = Json::array();
  for (const auto& realm : manifest.realms) realms.push_back(to_json(realm));
  json["realms"] = std::move(realms);
  return json;
}

Manifest from_json(const Json& json) {
  // First, since a later version may have other members.
  if (!json.is_object() || !json.contains("format") || json["format"] != format)
    wrong("is no manifest of a backup");
  if (!json.contains("version") || json["version"] != version)
    wrong("has a \"version\" that this version of libcred does not know; it reads 1");
  check_members(json, "the manifest",
                {"format", "version", "created", "software", "root_key_id", "archive", "bytes",
                 "digest", "realms"},
                {"restored_from"});
  Manifest manifest;
  manifest.created = time_of(json, "created");
  manifest.software = text_of(json, "software");
  manifest.root_key_id = text_of(json, "root_key_id");
  manifest.archive = text_of(json, "archive");
  manifest.bytes = number_of(json, "bytes");
  manifest.digest = text_of(json, "digest");
  if (json.contains("restored_from")) manifest.restored_from = text_of(json, "restored_from");
  need(json.at("realms").is_array(), "realms", "an array");
  for (const auto& realm : json.at("realms")) manifest.realms.push_back(realm_from(realm));
  check(manifest);
  return manifest;
}

}  // namespace cred::backup
