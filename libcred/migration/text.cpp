// What the readers share: lines, fields, records in quotes, moments.
#include "migration/readers.hpp"

#include <charconv>

namespace cred::migration {
namespace {

constexpr std::size_t most_columns = 64;

// Exactly `width` digits from the front.
bool take_digits(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  value = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

void skip_fraction(std::string_view& text) {
  if (!text.starts_with('.') && !text.starts_with(',')) return;
  text.remove_prefix(1);
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
}

struct Civil {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<Time> time_of(const Civil& c) {
  const std::chrono::year_month_day date{std::chrono::year(c.year),
                                         std::chrono::month(static_cast<unsigned>(c.month)),
                                         std::chrono::day(static_cast<unsigned>(c.day))};
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
  return std::chrono::time_point_cast<Duration>(
      std::chrono::sys_days(date) + std::chrono::hours(c.hour) + std::chrono::minutes(c.minute) +
      std::chrono::seconds(c.second));
}

}  // namespace

bool Lines::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const std::size_t end = rest_.find('\n');
  line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++number_;
  return true;
}

std::string_view take_field(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return field;
}

CsvRecords::CsvRecords(std::string_view text) : rest_(text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
}

// The field behind an opening quote, up to the closing one. A doubled quote is one.
bool CsvRecords::quoted(Wiped<char>& field) {
  for (;;) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"' && !rest_.starts_with('"')) return true;
    if (c == '"') rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    field.push_back(c);
    if (field.size() > max_line_bytes) return false;
  }
}

bool CsvRecords::next(std::vector<Wiped<char>>& fields) {
  fields.clear();
  while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) {
    rest_.remove_prefix(rest_.front() == '\r' ? 2 : 1);
    ++line_;
  }
  if (rest_.empty()) return false;
  began_ = line_;
  const auto stop = [&](const char* why) {
    error_ = "line " + std::to_string(began_) + ": " + why;
    return false;
  };
  for (;;) {
    Wiped<char> field;
    if (rest_.starts_with('"')) {
      rest_.remove_prefix(1);
      if (!quoted(field)) return stop("a quote is not closed");
      if (!rest_.empty() && rest_.front() != ',' && rest_.front() != '\n' && rest_.front() != '\r')
        return stop("something follows a closing quote");
    } else {
      const std::size_t end = rest_.find_first_of(",\r\n");
      const std::string_view plain = rest_.substr(0, end);
      if (plain.size() > max_line_bytes) return stop("it is too long");
      field.assign(plain.begin(), plain.end());
      rest_.remove_prefix(plain.size());
    }
    fields.push_back(std::move(field));
    if (fields.size() > most_columns) return stop("it has more than 64 columns");
    if (rest_.starts_with(',')) {
      rest_.remove_prefix(1);
      continue;
    }
    if (rest_.starts_with('\r')) rest_.remove_prefix(1);
    if (rest_.starts_with('\n')) {
      rest_.remove_prefix(1);
      ++line_;
    }
    return true;
  }
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Time> moment_of(std::string_view text) {
  Civil c;
  if (!take_digits(text, 4, c.year) || !take(text, '-') || !take_digits(text, 2, c.month) ||
      !take(text, '-') || !take_digits(text, 2, c.day))
    return std::nullopt;
  if (text.empty()) return time_of(c);
  if ((!take(text, 'T') && !take(text, ' ')) || !take_digits(text, 2, c.hour) || !take(text, ':') ||
      !take_digits(text, 2, c.minute))
    return std::nullopt;
  if (take(text, ':')) {
    if (!take_digits(text, 2, c.second)) return std::nullopt;
    skip_fraction(text);
  }
  if (!text.empty() && text != "Z" && text != "+00:00" && text != "+00") return std::nullopt;
  return time_of(c);
}

std::optional<Time> generalized_time_of(std::string_view text) {
  Civil c;
  if (!take_digits(text, 4, c.year) || !take_digits(text, 2, c.month) ||
      !take_digits(text, 2, c.day) || !take_digits(text, 2, c.hour) ||
      !take_digits(text, 2, c.minute))
    return std::nullopt;
  (void)take_digits(text, 2, c.second);
  skip_fraction(text);
  if (text != "Z") return std::nullopt;
  return time_of(c);
}

std::string date_text(Time time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day()));
}

Expected<void> read(Format format, std::string_view text, Time now, const Visit& visit) {
  if (text.size() > max_source_bytes)
    return fail(Code::usage, "the source is larger than 64 MiB: give it in parts");
  switch (format) {
    case Format::shadow: return read_shadow(text, now, visit);
    case Format::htpasswd:
    case Format::phc: return read_name_and_hash(text, visit);
    case Format::ldif: return read_ldif(text, visit);
    case Format::nt: return read_nt(text, visit);
    case Format::csv: return read_csv(text, visit);
    case Format::django: break;
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
  return json ? read_django_json(text, visit) : read_django_csv(text, visit);
}

}  // namespace cred::migration
