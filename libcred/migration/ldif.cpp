// LDIF (RFC 2849): people of a directory, as slapcat(8) and ldapsearch(1) write them.
#include "migration/readers.hpp"

#include <algorithm>
#include <array>

namespace cred::migration {
namespace {

struct Attribute {
  std::string name;  // in lower case, without options
  Wiped<char> value;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

// RFC 4648 §4, padded; wiped, since libraries' decoders leave copies.
std::optional<Wiped<char>> base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  Wiped<char> bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<char>(bits >> have & 0xff));
  }
  return bytes;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

// The attributes of one record.
class Person {
 public:
  bool empty() const { return attributes_.empty() && why_.empty(); }
  void clear() {
    attributes_.clear();
    why_.clear();
  }
  void begin_at(std::size_t line) { line_ = line; }

  // A whole line, unfolded.
  void add(std::string_view line) {
    constexpr std::size_t most_attributes = 4096;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return spoil("a line is no attribute");
    if (attributes_.size() == most_attributes) return spoil("it has too many attributes");
    const std::string name = lower(line.substr(0, std::min(colon, line.find(';'))));
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with('<')) return;  // a URL: what stands elsewhere is not fetched
    if (!value.starts_with(':')) {
      value = trimmed(value);
      attributes_.push_back({name, {value.begin(), value.end()}});
      return;
    }
    auto decoded = base64(trimmed(value.substr(1)));
    if (!decoded) return spoil("a value is no base64");
    attributes_.push_back({name, std::move(*decoded)});
  }
  void spoil(const char* why) { why_ = why; }

  // Nothing for what is no person: an organisation, the version.
  std::optional<Record> record() const {
    const std::string name = first("uid");
    const auto passwords = all("userpassword");
    const std::string_view nt = first_view("sambantpassword");
    if (!why_.empty()) return Left{line_, name, why_};
    if (const std::string type = first("changetype"); !type.empty() && type != "add")
      return Left{line_, name, "it is a change to a record, no record"};
    if (passwords.empty() && nt.empty()) {
      if (name.empty()) return std::nullopt;
      return Left{line_, name, no_password};
    }
    if (name.empty()) return Left{line_, name, "it has a password and no uid"};
    Entry entry{line_, name, {}};
    // Schemes that are refused later: the one that a program could use best comes first.
    const std::string_view hash = passwords.empty() ? nt : best(passwords);
    entry.nt = passwords.empty();
    if (hash.empty()) return Left{line_, name, empty_password};
    if (hash.size() > max_hash_bytes) return Left{line_, name, "its hash is too long"};
    if (!entry.nt && !hash.starts_with('{') && !hash.starts_with('$'))
      return Left{line_, name, "it is a password in clear: set it with credctl passwd"};
    entry.hash = hash_of(hash);
    if (passwords.size() > 1) entry.remark = "it has several passwords: one was taken";
    entry.full_name = first("cn");
    entry.email = first("mail");
    entry.phone = first("telephonenumber");
    ages(entry);
    return entry;
  }

 private:
  std::string_view first_view(std::string_view name) const {
    const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                    [&](const Attribute& a) { return a.name == name; });
    return found == attributes_.end() ? std::string_view() : view(found->value);
  }
  std::string first(std::string_view name) const { return std::string(first_view(name)); }
  std::vector<std::string_view> all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& attribute : attributes_)
      if (attribute.name == name) values.push_back(view(attribute.value));
    return values;
  }
  static std::string_view best(const std::vector<std::string_view>& passwords) {
    for (const std::string_view strong : {"{argon2}", "{pbkdf2", "{crypt}", "{ssha", "{"})
      for (const auto& password : passwords)
        if (lower(password.substr(0, strong.size())) == strong) return password;
    return passwords.front();
  }
  void ages(Entry& entry) const {
    if (const auto changed = first_view("pwdchangedtime"); !changed.empty())
      entry.set_at = generalized_time_of(changed);
    constexpr std::uint64_t last_day = 2932896;  // of the year 9999
    const auto day = number_of(first_view("shadowlastchange"));
    if (!entry.set_at && day && *day > 0 && *day <= last_day)
      entry.set_at = Time(
          std::chrono::duration_cast<Duration>(std::chrono::days(static_cast<std::int64_t>(*day))));
    const auto samba = number_of(first_view("sambapwdlastset"));
    constexpr std::uint64_t last_second = last_day * 86400;
    if (!entry.set_at && samba && *samba > 0 && *samba <= last_second)
      entry.set_at = Time(std::chrono::seconds(static_cast<std::int64_t>(*samba)));
    entry.must_change = (day && *day == 0) || lower(first_view("pwdreset")) == "true";
    entry.locked = !first_view("pwdaccountlockedtime").empty();
  }

  std::size_t line_ = 0;
  std::vector<Attribute> attributes_;
  std::string why_;
};

}  // namespace

Expected<void> read_ldif(std::string_view text, const Visit& visit) {
  Lines lines(text);
  Person person;
  Wiped<char> unfolded;
  bool comment = false;
  bool more = true;
  // What was gathered of a line is an attribute when the next one begins.
  const auto end_line = [&] {
    if (!unfolded.empty() && !comment) person.add(view(unfolded));
    unfolded.clear();
    comment = false;
  };
  const auto end_person = [&] {
    end_line();
    if (person.empty()) return true;
    auto record = person.record();
    person.clear();
    return !record || visit(std::move(*record));
  };
  std::string_view line;
  while (more && lines.next(line)) {
    if (line.empty()) {
      more = end_person();
      continue;
    }
    if (line.starts_with(' ')) {
      line.remove_prefix(1);
      if (unfolded.size() + line.size() > max_line_bytes) {
        // A photograph, say: nothing that is needed here.
        comment = true;
        unfolded.clear();
        unfolded.push_back('#');
        continue;
      }
      unfolded.insert(unfolded.end(), line.begin(), line.end());
      continue;
    }
    end_line();
    if (person.empty()) person.begin_at(lines.number());
    comment = line.starts_with('#') || Lines::too_long(line);
    if (comment)
      unfolded.push_back('#');
    else
      unfolded.assign(line.begin(), line.end());
  }
  if (more) (void)end_person();
  return {};
}

}  // namespace cred::migration
