#include "engine/configuration.hpp"

#include "base/file.hpp"
#include "base/nearest.hpp"
#include "base/secret.hpp"
#include "engine/grants.hpp"
#include "engine/toml_characters.hpp"
#include "engine/units.hpp"
#include "policy/policy.hpp"
#include "store/store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>
#include <toml++/toml.h>
#include <unistd.h>
#include <vector>

namespace cred::engine {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;

[[noreturn]] void wrong(const std::string& origin, const toml::source_region& where,
                        const std::string& what) {
  throw Failure(Code::configuration, origin + ":" + std::to_string(where.begin.line) + ": " + what);
}

// One key: its name and how its value is taken over. `take` answers what would be
// right when the value is not.
struct Key {
  const char* name;
  std::function<std::optional<std::string>(const toml::node&)> take;
};

std::string nearest_key(std::string_view name, const std::vector<Key>& keys) {
  std::vector<std::string_view> names;
  names.reserve(keys.size());
  for (const Key& key : keys) names.emplace_back(key.name);
  return std::string(nearest(name, names));
}

void read_table(const toml::table& table, const std::string& section, const std::string& origin,
                const std::vector<Key>& keys) {
  for (const auto& [key, node] : table) {
    const auto known = std::find_if(keys.begin(), keys.end(),
                                    [&, name = key.str()](const Key& k) { return name == k.name; });
    const std::string path =
        section.empty() ? std::string(key.str()) : section + "." + std::string(key.str());
    if (known == keys.end())
      wrong(origin, key.source(),
            "unknown key '" + path + "'; did you mean '" + nearest_key(key.str(), keys) + "'?");
    if (const auto right = known->take(node))
      wrong(origin, node.source(), "'" + path + "' must be " + *right);
  }
}

using Wanted = std::optional<std::string>;

auto text(std::string& target) {
  return [&target](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return "a string in quotes";
    target = *value;
    return std::nullopt;
  };
}

auto number(std::uint32_t& target, std::int64_t least, std::int64_t most) {
  return [&target, least, most](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most)
      return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    target = static_cast<std::uint32_t>(*value);
    return std::nullopt;
  };
}

auto flag(bool& target) {
  return [&target](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<bool>();
    if (!value) return "true or false";
    target = *value;
    return std::nullopt;
  };
}

// How many earlier passwords: a number, or "all".
auto earlier(std::uint32_t& target) {
  return [&target](const toml::node& node) -> Wanted {
    if (node.value_exact<std::string>() == "all" || node.value_exact<bool>() == true) {
      target = policy::all_earlier;
      return std::nullopt;
    }
    if (node.value_exact<bool>() == false) {
      target = 0;
      return std::nullopt;
    }
    if (number(target, 0, 1'000'000)(node)) return "a whole number, or \"all\"";
    return std::nullopt;
  };
}

auto size(std::uint32_t& kib) {
  return [&kib](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    const auto parsed = value ? parse_kib(*value) : std::nullopt;
    if (!parsed) return "a size with its unit, such as \"64 MiB\"";
    kib = *parsed;
    return std::nullopt;
  };
}

auto duration(Duration& target) {
  return [&target](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    const auto parsed = value ? parse_duration(*value) : std::nullopt;
    if (!parsed) return "a time with its unit, such as \"90d\" or \"30s\"";
    target = *parsed;
    return std::nullopt;
  };
}

// A delay of nothing would leave guessing unbounded.
auto delay(Duration& target) {
  return [&target](const toml::node& node) -> Wanted {
    Duration parsed{};
    if (duration(parsed)(node) || parsed < std::chrono::seconds(1))
      return "a time of at least \"1s\"";
    target = parsed;
    return std::nullopt;
  };
}

auto retention(Duration& target) {
  return [&target](const toml::node& node) -> Wanted {
    Duration parsed{};
    if (duration(parsed)(node) || parsed < std::chrono::days(1)) return "a time of at least \"1d\"";
    target = parsed;
    return std::nullopt;
  };
}

auto directory(std::string& target) {
  return [&target](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    if (!value || !value->starts_with('/') || value->size() < 2)
      return "a directory's absolute path in quotes";
    target = value->ends_with('/') ? value->substr(0, value->size() - 1) : *value;
    return std::nullopt;
  };
}

auto rollback(bool& accept) {
  return [&accept](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    if (value != "refuse" && value != "report") return "\"refuse\" or \"report\"";
    accept = value == "report";
    return std::nullopt;
  };
}

// A duration, or "never".
auto limit(std::optional<Duration>& target) {
  return [&target](const toml::node& node) -> Wanted {
    if (node.value_exact<std::string>() == "never") {
      target.reset();
      return std::nullopt;
    }
    Duration parsed{};
    if (duration(parsed)(node) || parsed == Duration::zero())
      return "a time with its unit, such as \"90d\", or \"never\"";
    target = parsed;
    return std::nullopt;
  };
}

// A list of strings, each of which `allowed` takes.
auto texts(std::vector<std::string>& target, bool (*allowed)(const std::string&),
           const char* wanted) {
  return [&target, allowed, wanted](const toml::node& node) -> Wanted {
    const auto* list = node.as_array();
    if (list == nullptr || list->size() > 10'000) return wanted;
    std::vector<std::string> values;
    for (const auto& entry : *list) {
      const auto value = entry.value_exact<std::string>();
      if (!value || !allowed(*value)) return wanted;
      values.push_back(*value);
    }
    target = std::move(values);
    return std::nullopt;
  };
}

// What may be a user's or group's name, or its number.
bool is_principal(const std::string& text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_of(std::string_view("/: \t\n\0", 6)) == std::string::npos;
}
bool is_path(const std::string& text) { return text.size() > 1 && text.front() == '/'; }
bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= max_password_bytes &&
         policy::normalise(Secret::copy_of(text.data(), text.size())).has_value();
}

auto path(std::string& target) {
  return [&target](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    if (!value || (!value->empty() && !is_path(*value)))
      return "an absolute path, or \"\" for none";
    target = *value;
    return std::nullopt;
  };
}

// One of the words, which stands for one of the values.
template <typename Value>
auto choice(Value& target, std::vector<std::pair<const char*, Value>> values) {
  return [&target, values = std::move(values)](const toml::node& node) -> Wanted {
    const auto value = node.value_exact<std::string>();
    std::string wanted;
    for (const auto& [word, meaning] : values) {
      if (value == word) {
        target = meaning;
        return std::nullopt;
      }
      wanted += (wanted.empty() ? "\"" : " or \"") + std::string(word) + "\"";
    }
    return wanted;
  };
}

// A duration, "never", or "quarter" for the calendar's.
auto age(policy::Options& o) {
  return [&o](const toml::node& node) -> Wanted {
    const bool quarter = node.value_exact<std::string>() == "quarter";
    if (quarter)
      o.max_age.reset();
    else if (limit(o.max_age)(node))
      return "a time with its unit, such as \"90d\", or \"quarter\", or \"never\"";
    o.each_quarter = quarter;
    return std::nullopt;
  };
}

std::vector<Key> policy_keys(policy::Options& o) {
  constexpr std::int64_t longest = static_cast<std::int64_t>(max_password_bytes);
  return {
      {"preset", [](const toml::node&) -> Wanted { return std::nullopt; }},
      {"min_length", number(o.min_length, 1, longest)},
      {"max_length", number(o.max_length, 8, longest)},
      {"min_alphanumeric", number(o.min_alphanumeric, 0, longest)},
      {"min_letter", number(o.min_letter, 0, longest)},
      {"min_upper", number(o.min_upper, 0, longest)},
      {"min_lower", number(o.min_lower, 0, longest)},
      {"min_digit", number(o.min_digit, 0, longest)},
      {"min_symbol", number(o.min_symbol, 0, longest)},
      {"max_repeat", number(o.max_repeat, 0, longest)},
      {"max_sequence", number(o.max_sequence, 0, longest)},
      {"min_changed", number(o.min_changed, 0, longest)},
      {"personal", flag(o.personal)},
      {"family_names", flag(o.family_names)},
      {"history", earlier(o.history)},
      {"history_similar", flag(o.history_similar)},
      {"banned_words", texts(o.banned_words, is_word, "a list of at most 10,000 words in quotes")},
      {"banned_lists", texts(o.banned_lists, is_path, "a list of absolute paths")},
      {"match", choice<policy::Match>(
                    o.match, {{"core", policy::Match::core}, {"whole", policy::Match::whole}})},
      {"breach", path(o.breach)},
      {"on_data_failure", choice<policy::OnDataFailure>(
                              o.on_data_failure, {{"refuse", policy::OnDataFailure::refuse},
                                                  {"accept", policy::OnDataFailure::accept}})},
      {"min_strength", number(o.min_strength, 0, 4)},
      {"max_age", age(o)},
      {"warn", duration(o.warn)},
      {"min_age", duration(o.min_age)},
      {"grace", limit(o.grace)},
      {"expiry_stops_all", flag(o.expiry_stops_all)},
      {"max_idle", limit(o.max_idle)},
      {"max_failures", number(o.max_failures, 0, 1'000'000)},
      {"lockout", limit(o.lockout)}};
}

void read_policy(const toml::node& node, const std::string& section, const std::string& origin,
                 Configuration::Policy& policy) {
  const auto* table = node.as_table();
  if (table == nullptr) wrong(origin, node.source(), "'" + section + "' must be a table");
  if (const auto* name = table->get("preset")) {
    const auto value = name->value_exact<std::string>();
    auto options = value ? policy::preset(*value)
                         : fail(Code::configuration, "'preset' must be a string in quotes");
    if (!options) wrong(origin, name->source(), options.error().message);
    policy = {*options, {}};
  }
  read_table(*table, section, origin, policy_keys(policy.options));
  for (const auto& [key, value] : *table)
    policy.origins[std::string(key.str())] =
        origin + ":" + std::to_string(value.source().begin.line);
  if (const auto right = policy::consistent(policy.options); !right)
    wrong(origin, table->source(), right.error().message);
}

auto table_of(const std::string& origin, const std::string& section, std::vector<Key> keys) {
  return [&origin, section, keys = std::move(keys)](const toml::node& node) -> Wanted {
    if (!node.is_table()) return "a table";
    read_table(*node.as_table(), section, origin, keys);
    return std::nullopt;
  };
}

void read_realms(const toml::node& node, const std::string& origin, Configuration& c) {
  const auto* realms = node.as_table();
  if (realms == nullptr) wrong(origin, node.source(), "'realm' must be a table");
  for (const auto& [key, realm] : *realms) {
    const std::string name(key.str());
    if (!realm.is_table()) wrong(origin, realm.source(), "'realm." + name + "' must be a table");
    read_table(*realm.as_table(), "realm." + name, origin,
               {{"policy",
                 [&](const toml::node& policy) -> Wanted {
                   auto own = c.policy_of(name);
                   read_policy(policy, "realm." + name + ".policy", origin, own);
                   c.realm_policies[name] = std::move(own);
                   return std::nullopt;
                 }},
                {"administrators", texts(c.realm_access[name].administrators, is_principal,
                                         "a list of groups in quotes")},
                {"services",
                 texts(c.realm_access[name].services, is_principal, "a list of users in quotes")}});
  }
  // A service that never names a realm must have one.
  std::map<std::string, std::string> bound;
  for (const auto& [realm, access] : c.realm_access)
    for (const std::string& user : access.services)
      if (const auto [other, first] = bound.emplace(user, realm); !first && other->second != realm)
        wrong(origin, node.source(),
              "the user '" + user + "' is a service of realm '" + other->second +
                  "' and of realm '" + realm + "'; it can serve one");
}

// Who has which role: a word, which is for realm `system`, or a table of realms.
void read_admins(const toml::node& node, const std::string& origin, Configuration& c) {
  const auto* admins = node.as_table();
  if (admins == nullptr) wrong(origin, node.source(), "'admins' must be a table");
  for (const auto& [key, value] : *admins) {
    const std::string holder(key.str());
    const std::string path = "admins." + holder;
    if (!is_holder(holder))
      wrong(origin, key.source(),
            "'" + path + "' must name a user, or a group as in \"@helpdesk\"");
    const auto role_in = [&](const std::string& realm, const toml::node& where,
                             const std::string& key_path) {
      const auto word = where.value_exact<std::string>();
      if (!word)
        wrong(origin, where.source(),
              "'" + key_path + "' must be a role in quotes, such as \"helpdesk\"");
      const auto role = parse_role(*word);
      if (!role) wrong(origin, where.source(), "'" + key_path + "': " + role.error().message);
      c.admins[holder][realm] = *role;
    };
    if (const auto* realms = value.as_table()) {
      for (const auto& [realm, role] : *realms)
        role_in(std::string(realm.str()), role, path + "." + std::string(realm.str()));
    } else if (value.is_string()) {
      role_in("system", value, path);
    } else {
      wrong(origin, value.source(),
            "'" + path + "' must be a role in quotes, or a table such as { shop = \"viewer\" }");
    }
  }
}

void read_document(const toml::table& document, const std::string& origin, Configuration& c) {
  const std::vector<Key> keys{
      {"store", table_of(origin, "store",
                         {{"url", text(c.store_url)},
                          {"anchor", directory(c.anchor_directory)},
                          {"on_rollback", rollback(c.accept_rollbacks)}})},
      {"journal", table_of(origin, "journal", {{"directory", directory(c.journal_directory)}})},
      {"backup", table_of(origin, "backup",
                          {{"directory", directory(c.backup_directory)},
                           {"retention", retention(c.backup_retention)}})},
      {"audit", table_of(origin, "audit", {{"retention", retention(c.audit_retention)}})},
      {"keys", table_of(origin, "keys", {{"root", text(c.root_key_url)}})},
      {"hash", table_of(origin, "hash",
                        {{"memory", size(c.hash.memory)},
                         {"passes", number(c.hash.passes, 1, 64)},
                         {"lanes", number(c.hash.lanes, 1, 64)}})},
      {"policy",
       [&](const toml::node& node) -> Wanted {
         read_policy(node, "policy", origin, c.policy);
         return std::nullopt;
       }},
      {"realm", [](const toml::node&) -> Wanted { return std::nullopt; }},
      {"admins",
       [&](const toml::node& node) -> Wanted {
         read_admins(node, origin, c);
         return std::nullopt;
       }},
      {"attempts", table_of(origin, "attempts",
                            {{"threshold", number(c.attempts.threshold, 1, 100)},
                             {"delay", delay(c.attempts.delay)}})},
      {"broker",
       table_of(origin, "broker",
                {{"socket", text(c.broker_socket)}, {"memory_budget", size(c.memory_budget)}})}};
  read_table(document, "", origin, keys);
  // After [policy], wherever it stands in the file: realms start from it.
  if (const auto* realms = document.get("realm")) read_realms(*realms, origin, c);
  if (const auto right = hash::acceptable(c.hash); !right) {
    const auto* section = document.get("hash");
    wrong(origin, section != nullptr ? section->source() : document.source(),
          right.error().message);
  }
}

Expected<std::vector<std::string>> drop_ins(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(path + ".d", error);
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Code::configuration, "cannot read " + path + ".d: " + error.message());
  for (const auto& entry : entries)
    if (entry.path().extension() == ".conf") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Configuration::Configuration()
    : store_url("sqlite:" CRED_STATE_DIR "/cred.db"),
      root_key_url("file:" CRED_KEY_PATH),
      broker_socket(CRED_SOCKET_PATH) {}

void Configuration::fill_in_directories() {
  const std::string store = store_url.substr(store_url.find(':') + 1);
  const std::string beside =
      store::is_shared(store_url) ? CRED_STATE_DIR : store.substr(0, store.rfind('/'));
  if (journal_directory.empty()) journal_directory = beside + "/journal";
  if (anchor_directory.empty()) anchor_directory = beside + "/anchor";
  if (backup_directory.empty()) backup_directory = beside + "/backup";
}

const Configuration::Policy& Configuration::policy_of(std::string_view realm) const {
  const auto own = realm_policies.find(std::string(realm));
  return own == realm_policies.end() ? policy : own->second;
}

Expected<void> apply_configuration(std::string_view text, const std::string& origin,
                                   Configuration& configuration) {
  std::string ascii(text);
  if (const auto misplaced = reduce_to_ascii(ascii))
    return fail(Code::configuration,
                origin + ":" + std::to_string(misplaced->line) + ": " + misplaced->what);
  try {
    Configuration next = configuration;
    read_document(toml::parse(ascii, origin), origin, next);
    configuration = std::move(next);
    return {};
  } catch (const toml::parse_error& error) {
    return fail(Code::configuration, origin + ":" + std::to_string(error.source().begin.line) +
                                         ": " + std::string(error.description()));
  } catch (const Failure& failure) {
    return tl::make_unexpected(failure.error());
  }
}

Expected<Configuration> load_configuration(const std::string& path) {
  const std::string main = path.empty() ? CRED_CONFIG_PATH : path;
  auto files = drop_ins(main);
  if (!files) return tl::make_unexpected(files.error());
  if (!path.empty() || access(main.c_str(), F_OK) == 0) files->insert(files->begin(), main);
  Configuration configuration;
  for (const std::string& file : *files) {
    const auto text = read_file(file, largest_file);
    if (!text) return fail(Code::configuration, file + " " + text.error().message);
    if (auto applied = apply_configuration(*text, file, configuration); !applied)
      return tl::make_unexpected(applied.error());
  }
  return configuration;
}

}  // namespace cred::engine
