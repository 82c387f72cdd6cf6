// Tables with a header: any one with the columns below, and Django's auth_user.
#include "base/nearest.hpp"
#include "migration/readers.hpp"

#include <algorithm>
#include <array>

namespace cred::migration {
namespace {

using Fields = std::vector<Wiped<char>>;

constexpr std::array<std::string_view, 9> columns{
    "name", "hash", "set", "full_name", "email", "phone", "birth_date", "state", "must_change"};
constexpr std::string_view attribute_prefix = "attribute.";

// Which field a column of this name is, if there is one.
class Header {
 public:
  explicit Header(const Fields& fields) {
    for (const auto& field : fields) names_.emplace_back(view(field));
  }
  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  std::string_view value(const Fields& fields, std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return {};
    return view(fields[static_cast<std::size_t>(found - names_.begin())]);
  }

 private:
  std::vector<std::string> names_;
};

std::optional<bool> truth_of(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "true", "True", "TRUE", "yes"})
    if (text == yes) return true;
  for (const std::string_view no : {"", "0", "f", "false", "False", "FALSE", "no"})
    if (text == no) return false;
  return std::nullopt;
}

// A header's names come from outside: only what cannot harm a terminal is repeated.
std::string quoted(std::string_view name) {
  const bool plain = name.size() <= 64 && std::all_of(name.begin(), name.end(),
                                                      [](char c) { return c >= ' ' && c < 0x7f; });
  return plain ? "'" + std::string(name) + "'" : "a column";
}

Expected<void> check_columns(const Header& header) {
  for (const std::string_view needed : {"name", "hash"})
    if (!header.has(needed))
      return fail(Code::usage, "the header has no column '" + std::string(needed) + "'");
  for (const auto& name : header.names()) {
    if (name.starts_with(attribute_prefix) && name.size() > attribute_prefix.size()) continue;
    if (std::find(columns.begin(), columns.end(), name) == columns.end())
      return fail(Code::usage, quoted(name) + " is no column that is taken; did you mean '" +
                                   std::string(nearest(name, columns)) + "', or 'attribute.KEY'?");
    if (std::count(header.names().begin(), header.names().end(), name) > 1)
      return fail(Code::usage, "the column " + quoted(name) + " is there twice");
  }
  return {};
}

// False: `why` says which value is none.
bool fill_in(const Header& header, const Fields& fields, Entry& entry, std::string& why) {
  const auto text = [&](std::string_view name) { return std::string(header.value(fields, name)); };
  entry.full_name = text("full_name");
  entry.email = text("email");
  entry.phone = text("phone");
  entry.birth_date = text("birth_date");
  if (const auto set = header.value(fields, "set"); !set.empty()) {
    entry.set_at = moment_of(set);
    if (!entry.set_at) {
      why = "its column set is no date or time in UTC";
      return false;
    }
  }
  const auto state = header.value(fields, "state");
  entry.locked = state == "locked";
  entry.disabled = state == "disabled";
  if (!state.empty() && state != "active" && !entry.locked && !entry.disabled) {
    why = "its column state is none of active, locked, disabled";
    return false;
  }
  const auto must_change = truth_of(header.value(fields, "must_change"));
  if (!must_change) {
    why = "its column must_change is neither true nor false";
    return false;
  }
  entry.must_change = *must_change;
  for (const auto& name : header.names()) {
    if (!name.starts_with(attribute_prefix)) continue;
    const auto value = header.value(fields, name);
    if (!value.empty()) entry.attributes[name.substr(attribute_prefix.size())] = std::string(value);
  }
  return true;
}

std::optional<Record> without_hash(std::size_t line, const std::string& name,
                                   std::string_view hash) {
  if (name.empty()) return Left{line, name, "it has no name"};
  if (hash.empty()) return Left{line, name, empty_password};
  if (hash.starts_with('!') || hash.starts_with('*')) return Left{line, name, no_password};
  if (hash.size() > max_hash_bytes) return Left{line, name, "its hash is too long"};
  return std::nullopt;
}

Record csv_record(const Header& header, const Fields& fields, std::size_t line) {
  const std::string name(header.value(fields, "name"));
  const auto hash = header.value(fields, "hash");
  if (auto left = without_hash(line, name, hash)) return std::move(*left);
  Entry entry{line, name, hash_of(hash)};
  std::string why;
  if (!fill_in(header, fields, entry, why)) return Left{line, name, why};
  return entry;
}

Record django_record(const Header& header, const Fields& fields, std::size_t line) {
  const std::string name(header.value(fields, "username"));
  const auto hash = header.value(fields, "password");
  if (auto left = without_hash(line, name, hash)) return std::move(*left);
  Entry entry{line, name, hash_of(hash)};
  const std::string first(header.value(fields, "first_name"));
  const std::string last(header.value(fields, "last_name"));
  entry.full_name = first + (first.empty() || last.empty() ? "" : " ") + last;
  entry.email = header.value(fields, "email");
  const auto active = header.has("is_active") ? truth_of(header.value(fields, "is_active")) : true;
  if (!active) return Left{line, name, "its column is_active is neither true nor false"};
  entry.disabled = !*active;
  return entry;
}

template <typename Make>
Expected<void> each_record(CsvRecords& records, const Header& header, const Visit& visit,
                           Make make) {
  Fields fields;
  while (records.next(fields)) {
    Record record = fields.size() == header.names().size()
                        ? make(header, fields, records.line())
                        : Record(Left{records.line(), {}, "it has other columns than the header"});
    if (!visit(std::move(record))) return {};
  }
  if (!records.error().empty()) return fail(Code::usage, records.error());
  return {};
}

}  // namespace

Expected<void> read_csv(std::string_view text, const Visit& visit) {
  CsvRecords records(text);
  Fields fields;
  if (!records.next(fields))
    return fail(Code::usage, records.error().empty() ? "there is no header" : records.error());
  const Header header(fields);
  if (auto right = check_columns(header); !right) return right;
  return each_record(records, header, visit, csv_record);
}

Expected<void> read_django_csv(std::string_view text, const Visit& visit) {
  CsvRecords records(text);
  Fields fields;
  if (!records.next(fields))
    return fail(Code::usage, records.error().empty() ? "there is no header" : records.error());
  const Header header(fields);
  for (const std::string_view needed : {"username", "password"})
    if (!header.has(needed))
      return fail(Code::usage,
                  "the header has no column '" + std::string(needed) + "', as auth_user has");
  return each_record(records, header, visit, django_record);
}

}  // namespace cred::migration
