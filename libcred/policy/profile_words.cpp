#include "policy/profile_words.hpp"

#include "policy/calendar.hpp"
#include "policy/password_text.hpp"
#include "policy/shape.hpp"

#include <algorithm>
#include <array>

namespace cred::policy {
namespace {

using Word = std::vector<std::int32_t>;

// Bounds the work for profiles that somebody filled with a book.
constexpr std::size_t most_words = 192;
constexpr std::size_t longest_value = 256;

// Of no one person. Labels of a mail domain that are shorter than three letters or
// generic (co.uk, com.au) are left out as well.
constexpr std::array<std::string_view, 32> providers{
    "gmail",    "googlemail", "google",  "outlook", "hotmail", "live", "msn",     "yahoo",
    "ymail",    "icloud",     "mac",     "aol",     "gmx",     "web",  "freenet", "online",
    "t-online", "posteo",     "mailbox", "proton",  "pm",      "mail", "email",   "fastmail",
    "zoho",     "yandex",     "arcor",   "com",     "org",     "net",  "edu",     "protonmail"};

class Words {
 public:
  // The value in one piece, the parts between its separators, and their runs of
  // letters: "o.neill42" gives "oneill42", "neill42" and "neill".
  void add_name(Datum datum, std::string_view value) {
    const Secret folded = fold(value.substr(0, longest_value));
    const Points points = code_points(folded);
    add(datum, without_separators(points));
    for_each_run(points, is_alphanumeric,
                 [&](Points run) { add(datum, Word(run.begin(), run.end())); });
    for_each_run(points, is_letter, [&](Points run) { add(datum, Word(run.begin(), run.end())); });
  }

  void add_email(std::string_view address) {
    const std::size_t at = address.rfind('@');
    add_name(Datum::email, address.substr(0, at));
    if (at == std::string_view::npos) return;
    std::string domain(address.substr(at + 1));
    for (char& c : domain)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for_each_label(domain, [&](std::string_view label) {
      const bool generic = std::find(providers.begin(), providers.end(), label) != providers.end();
      if (label.size() > 2 && !generic) add_name(Datum::email, label);
    });
  }

  // Groups of four digits or more as they are written, any six digits in a row, and
  // the last four where they stand alone.
  void add_phone(std::string_view number) {
    Word all;
    Word group;
    for (const char c : number.substr(0, 32)) {
      if (c >= '0' && c <= '9') {
        all.push_back(c);
        group.push_back(c);
      } else if (group.size() >= 4) {
        push({Datum::phone, std::exchange(group, {}), true});
      } else {
        group.clear();
      }
    }
    if (group.size() >= 4) push({Datum::phone, group, true});
    for (std::ptrdiff_t i = 0; i + 6 <= std::ssize(all); ++i)
      push({Datum::phone, Word(all.begin() + i, all.begin() + i + 6), true});
    if (all.size() >= 6) push({Datum::phone, Word(all.end() - 4, all.end()), true, true});
    if (all.size() > 6) push({Datum::phone, std::move(all), true});
  }

  // False when `text` is no date.
  bool add_date(Datum datum, std::string_view text) {
    const auto date = calendar::read(text);
    if (!date) return false;
    for (const std::string& writing : calendar::writings(*date))
      push({datum, Word(writing.begin(), writing.end()), true});
    return true;
  }

  // The labels of a machine's name, without the top-level one.
  void add_host(std::string_view host) {
    if (host.starts_with("localhost")) return;
    for_each_label(host, [&](std::string_view label) { add_name(Datum::host, label); });
  }

  std::vector<ProfileWord> take() { return std::move(words_); }

 private:
  static Word without_separators(Points points) {
    Word word;
    std::copy_if(points.begin(), points.end(), std::back_inserter(word),
                 [](std::int32_t c) { return !is_separator(c); });
    return word;
  }

  template <class Visit>
  static void for_each_run(Points points, bool (*member)(std::int32_t), Visit visit) {
    for (std::size_t i = 0; i < points.size();) {
      const std::size_t start = i;
      while (i < points.size() && member(points[i])) ++i;
      if (i > start) visit(points.subspan(start, i - start));
      if (i == start) ++i;
    }
  }

  template <class Visit>
  static void for_each_label(std::string_view domain, Visit visit) {
    std::vector<std::string_view> labels;
    while (!domain.empty()) {
      const std::size_t dot = std::min(domain.find('.'), domain.size());
      if (dot > 0) labels.push_back(domain.substr(0, dot));
      domain.remove_prefix(std::min(dot + 1, domain.size()));
    }
    if (labels.size() > 1) labels.pop_back();
    for (const std::string_view label : labels) visit(label);
  }

  void add(Datum datum, Word word) {
    const Secret plain = shape::plain_vowels(word);
    const Points points = code_points(plain);
    const bool number = std::none_of(word.begin(), word.end(), is_letter);
    if (points.size() > 1) push({datum, Word(points.begin(), points.end()), number});
    // A word whose own e follows its own vowel: "Noel" is also looked for as it is.
    if (points.size() != word.size()) push({datum, std::move(word), false});
  }

  void push(ProfileWord word) {
    if (words_.size() >= most_words) return;
    const bool known = std::any_of(words_.begin(), words_.end(),
                                   [&](const ProfileWord& w) { return w.points == word.points; });
    if (!known) words_.push_back(std::move(word));
  }

  std::vector<ProfileWord> words_;
};

}  // namespace

std::vector<ProfileWord> profile_words(const Context& context) {
  Words words;
  words.add_name(Datum::login, context.login);
  words.add_name(Datum::name, context.full_name);
  words.add_email(context.email);
  words.add_phone(context.phone);
  if (!words.add_date(Datum::birth_date, context.birth_date))
    words.add_name(Datum::birth_date, context.birth_date);
  words.add_host(context.host);
  words.add_name(Datum::realm, context.realm);
  // Last, for there may be more than are looked at.
  for (const std::string_view value : context.attributes)
    if (!words.add_date(Datum::attribute, value)) words.add_name(Datum::attribute, value);
  return words.take();
}

}  // namespace cred::policy
