// An administrator's list of banned words: UTF-8, one word a line; empty lines and
// those that begin with '#' do not count.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace cred::policy {

inline constexpr std::size_t largest_word_list = std::size_t{64} * 1024 * 1024;

// Words, folded. The lists are no secrets; what is looked up is.
class WordList {
 public:
  // Errors: integrity (invalid UTF-8, or a NUL byte), with `name` and the line.
  static Expected<WordList> parse(std::string_view text, const std::string& name);
  // For words that are known to be UTF-8.
  explicit WordList(const std::vector<std::string>& words);
  bool contains(std::span<const std::int32_t> folded) const;
  std::size_t size() const { return words_.size(); }

 private:
  WordList() = default;
  void add(std::string_view word);
  void sort();
  std::vector<std::u32string> words_;
};

// The list at a path, read anew when the file has changed. Safe to use from several
// threads. Errors name the file: configuration (cannot be read), integrity (too
// large, or no text).
class WordListFile {
 public:
  explicit WordListFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  Expected<std::shared_ptr<const WordList>> current();

 private:
  const std::string path_;
  std::mutex mutex_;
  std::shared_ptr<const WordList> list_;
  struct stat seen_ {};
};

}  // namespace cred::policy
