// A throw-away installation: a directory with a configuration, a store and a root
// key, and credctl told to use them.
#pragma once

#include "process.hpp"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// The cheapest hash that is allowed, and more attempts than any test makes.
inline constexpr const char* cheap_hash = "[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n";
inline constexpr const char* patient = "[attempts]\nthreshold = 100\n";

// Keep the policy and share nothing.
inline constexpr const char* right_password = "Correct7horse";
inline constexpr const char* other_password = "Tricky4Battery";
inline constexpr const char* wrong_password = "Guessing9badly";

class Site {
 public:
  using Words = std::vector<std::string>;

  // Writes the configuration; `init` has not run.
  Site();
  explicit Site(const std::string& settings);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  std::filesystem::path path() const { return path_; }
  std::string store() const { return path_ / "cred.db"; }
  std::string key() const { return path_ / "root.key"; }
  std::string configuration() const { return path_ / "cred.conf"; }
  // Everything but [store] and [keys].
  void configure(const std::string& settings);

  // credctl with --config and these words.
  Launch credctl(const Words& words, const std::string& input = {}) const;
  Finished run(const Words& words, const std::string& input = {}) const;
  Process start(const Words& words, const std::string& input = {}) const;

  // Steps that every test takes; each checks that it worked.
  void init() const;
  void add(const std::string& name, const std::string& password = right_password) const;
  void reset(const std::string& name, const std::string& password) const;
  int verify(const std::string& name, const std::string& password) const;
  nlohmann::json status(const std::string& name) const;
  // Runs SQL in the store with sqlite3(1) and gives what it prints.
  std::string sql(const std::string& statements) const;

  // What lies in the directory, to put back later.
  std::map<std::string, std::string> files() const;
  void restore(const std::map<std::string, std::string>& files) const;

 private:
  std::filesystem::path path_;
};

std::string content(const std::filesystem::path& file);
void overwrite(const std::filesystem::path& file, const std::string& content);
// `launch` with every argument preceded by `words`, as in strace CMD.
Launch under(const std::vector<std::string>& words, Launch launch);
// `launch` on a terminal of its own, where its input is typed.
Launch on_terminal(Launch launch);
