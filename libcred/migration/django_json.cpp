// What Django's dumpdata writes of its users.
#include "migration/readers.hpp"

#include <nlohmann/json.hpp>

namespace cred::migration {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& fields, const char* key) {
  const auto found = fields.find(key);
  return found != fields.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Users of a model of the project's own have another name, and these two fields.
bool is_user(const Json& object) {
  if (!object.is_object()) return false;
  const auto fields = object.find("fields");
  return fields != object.end() && fields->is_object() && fields->contains("username") &&
         fields->contains("password");
}

Record record_of(const Json& fields, std::size_t number) {
  const std::string name = text_of(fields, "username");
  const std::string hash = text_of(fields, "password");
  if (name.empty()) return Left{number, name, "it has no name"};
  if (hash.empty()) return Left{number, name, empty_password};
  if (hash.starts_with('!')) return Left{number, name, no_password};
  if (hash.size() > max_hash_bytes) return Left{number, name, "its hash is too long"};
  Entry entry{number, name, hash_of(hash)};
  const std::string first = text_of(fields, "first_name");
  const std::string last = text_of(fields, "last_name");
  entry.full_name = first + (first.empty() || last.empty() ? "" : " ") + last;
  entry.email = text_of(fields, "email");
  const auto active = fields.find("is_active");
  entry.disabled = active != fields.end() && active->is_boolean() && !active->get<bool>();
  return entry;
}

// Django's dumps nest a few levels; the parser gives up at what nests far deeper.
bool nests_too_deep(std::string_view text) {
  constexpr int most = 64;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > most) return true;
  }
  return false;
}

}  // namespace

Expected<void> read_django_json(std::string_view text, const Visit& visit) {
  const auto none = [] {
    return fail(Code::usage, "it is no JSON as Django's dumpdata writes it");
  };
  if (nests_too_deep(text)) return none();
  const Json dump = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!dump.is_array()) return none();
  // Lines mean nothing here: its number among the objects stands for one.
  std::size_t number = 0;
  for (const Json& object : dump) {
    ++number;
    if (!is_user(object)) continue;
    if (!visit(record_of(object["fields"], number))) return {};
  }
  return {};
}

}  // namespace cred::migration
