// What Django's dumpdata writes of its users. Read by hand: no JSON library wipes what it
// read, and here that is hashes.
#include "migration/readers.hpp"

namespace cred::migration {
namespace {

using Text = Wiped<char>;

// Django's dumps nest a few levels.
constexpr int deepest = 64;

// RFC 8259, from front to back. Each function takes what it is named for and the space behind
// it, or answers false where there is something else.
class Json {
 public:
  explicit Json(std::string_view text) : rest_(text) { skip_space(); }

  bool at_end() const { return rest_.empty(); }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) { return take(std::string_view(&c, 1)); }
  bool take(std::string_view word);
  bool string(Text& text);
  // Of any kind, wherever it does not matter.
  bool value(int depth = 0);
  // Calls `member` with each key, to take its value.
  template <typename Member>
  bool object(const Member& member);

 private:
  void skip_space() {
    const std::size_t first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }
  bool escaped(Text& text);
  bool code_unit(std::uint32_t& unit);
  bool number();

  std::string_view rest_;
};

bool Json::take(std::string_view word) {
  if (!rest_.starts_with(word)) return false;
  rest_.remove_prefix(word.size());
  skip_space();
  return true;
}

void append_utf8(Text& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

bool Json::code_unit(std::uint32_t& unit) {
  if (rest_.size() < 4) return false;
  unit = 0;
  for (const char c : rest_.substr(0, 4)) {
    constexpr std::string_view digits = "0123456789abcdef";
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    const std::size_t digit = digits.find(lower);
    if (digit == std::string_view::npos) return false;
    unit = unit << 4 | static_cast<std::uint32_t>(digit);
  }
  rest_.remove_prefix(4);
  return true;
}

// What follows a backslash.
bool Json::escaped(Text& text) {
  constexpr std::string_view written = "\"\\/bfnrt";
  constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
  const char c = next();
  if (rest_.empty()) return false;
  rest_.remove_prefix(1);
  if (const std::size_t at = written.find(c); at != std::string_view::npos) {
    text.push_back(meant[at]);
    return true;
  }
  std::uint32_t unit = 0;
  if (c != 'u' || !code_unit(unit) || (unit >= 0xdc00 && unit < 0xe000)) return false;
  if (unit >= 0xd800 && unit < 0xdc00) {
    std::uint32_t low = 0;
    if (!rest_.starts_with("\\u")) return false;
    rest_.remove_prefix(2);
    if (!code_unit(low) || low < 0xdc00 || low > 0xdfff) return false;
    unit = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
  }
  append_utf8(text, unit);
  return true;
}

bool Json::string(Text& text) {
  text.clear();
  if (!rest_.starts_with('"')) return false;
  rest_.remove_prefix(1);
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') {
      skip_space();
      return true;
    }
    if (c == '\\') {
      if (!escaped(text)) return false;
      continue;
    }
    if (static_cast<unsigned char>(c) < ' ') return false;
    text.push_back(c);
  }
  return false;
}

bool Json::number() {
  const std::size_t end = rest_.find_first_not_of("+-.0123456789Ee");
  if (end == 0 || rest_.empty()) return false;
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  skip_space();
  return true;
}

template <typename Member>
bool Json::object(const Member& member) {
  if (!take('{')) return false;
  if (take('}')) return true;
  do {
    Text key;
    if (!string(key) || !take(':') || !member(view(key))) return false;
  } while (take(','));
  return take('}');
}

bool Json::value(int depth) {
  if (depth > deepest) return false;
  Text text;
  switch (next()) {
    case '"': return string(text);
    case '{': return object([&](std::string_view) { return value(depth + 1); });
    case '[':
      (void)take('[');
      if (take(']')) return true;
      do {
        if (!value(depth + 1)) return false;
      } while (take(','));
      return take(']');
    default: return take("true") || take("false") || take("null") || number();
  }
}

// An object of the dump, as far as it is one of a user.
struct User {
  std::optional<Text> name;
  std::optional<Text> hash;
  std::string first;
  std::string last;
  std::string email;
  bool active = true;
};

// A string, or anything else, which is none.
bool take_text(Json& json, Text& text) {
  text.clear();
  return json.next() == '"' ? json.string(text) : json.value();
}

bool take_text(Json& json, std::string& text) {
  Text taken;
  if (!take_text(json, taken)) return false;
  text = view(taken);
  return true;
}

bool take_field(Json& json, std::string_view key, User& user) {
  if (key == "username") return take_text(json, user.name.emplace());
  if (key == "password") return take_text(json, user.hash.emplace());
  if (key == "first_name") return take_text(json, user.first);
  if (key == "last_name") return take_text(json, user.last);
  if (key == "email") return take_text(json, user.email);
  if (key == "is_active") {
    user.active = json.next() != 'f';
    return json.value();
  }
  return json.value();
}

bool take_object(Json& json, User& user) {
  if (json.next() != '{') return json.value();
  return json.object([&](std::string_view key) {
    if (key != "fields" || json.next() != '{') return json.value();
    user = User{};
    return json.object([&](std::string_view field) { return take_field(json, field, user); });
  });
}

Record record_of(User&& user, std::size_t number) {
  const std::string name(view(*user.name));
  const Text& hash = *user.hash;
  if (name.empty()) return Left{number, name, "it has no name"};
  if (hash.empty()) return Left{number, name, empty_password};
  if (hash.front() == '!') return Left{number, name, no_password};
  if (hash.size() > max_hash_bytes) return Left{number, name, "its hash is too long"};
  Entry entry{number, name, std::move(*user.hash)};
  entry.full_name = user.first + (user.first.empty() || user.last.empty() ? "" : " ") + user.last;
  entry.email = std::move(user.email);
  entry.disabled = !user.active;
  return entry;
}

}  // namespace

Expected<void> read_django_json(std::string_view text, const Visit& visit) {
  const auto none = [] {
    return fail(Code::usage, "it is no JSON as Django's dumpdata writes it");
  };
  Json json(text);
  if (!json.take('[')) return none();
  if (json.take(']')) return json.at_end() ? Expected<void>() : none();
  // Lines mean nothing here: its number among the objects stands for one.
  std::size_t number = 0;
  do {
    ++number;
    User user;
    if (!take_object(json, user)) return none();
    // Users of a model of the project's own have another name, and these two fields.
    if (user.name && user.hash && !visit(record_of(std::move(user), number))) return {};
  } while (json.take(','));
  return json.take(']') && json.at_end() ? Expected<void>() : none();
}

}  // namespace cred::migration
