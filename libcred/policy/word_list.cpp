#include "policy/word_list.hpp"

#include "base/file.hpp"
#include "policy/password_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cred::policy {

void WordList::add(std::string_view word) {
  const Secret folded = fold(word);
  const auto points = code_points(folded);
  if (!points.empty()) words_.emplace_back(points.begin(), points.end());
}

void WordList::sort() {
  std::sort(words_.begin(), words_.end());
  words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
}

WordList::WordList(const std::vector<std::string>& words) {
  for (const auto& word : words) add(word);
  sort();
}

Expected<WordList> WordList::parse(std::string_view text, const std::string& name) {
  WordList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t before = list.words_.size();
    if (line.find('\0') == std::string_view::npos) list.add(line);
    // What is no UTF-8 folds to nothing.
    if (list.words_.size() == before)
      return fail(Code::integrity, "word list " + name + ":" + std::to_string(number) +
                                       ": the line is not UTF-8 text");
  }
  list.sort();
  return list;
}

bool WordList::contains(std::span<const std::int32_t> folded) const {
  const auto less = [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](auto x, auto y) {
      return static_cast<char32_t>(x) < static_cast<char32_t>(y);
    });
  };
  const auto found = std::lower_bound(words_.begin(), words_.end(), folded, less);
  return found != words_.end() && !less(folded, *found);
}

Expected<std::shared_ptr<const WordList>> WordListFile::current() {
  const std::lock_guard lock(mutex_);
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0)
    return fail(Code::configuration,
                "word list " + path_ + ": cannot be read: " + std::strerror(errno));
  if (list_ && same_file(now, seen_)) return list_;
  list_.reset();
  const auto text = read_file(path_, largest_word_list);
  if (!text) return fail(text.error().code, "word list " + path_ + ": " + text.error().message);
  auto parsed = WordList::parse(*text, path_);
  if (!parsed) return tl::make_unexpected(parsed.error());
  list_ = std::make_shared<const WordList>(std::move(*parsed));
  seen_ = now;
  return list_;
}

}  // namespace cred::policy
