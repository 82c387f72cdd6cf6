// A throw-away directory, and an engine on a real store that goes with it.
#pragma once

#include "engine/engine.hpp"
#include "support/fake_clock.hpp"
#include "support/store_kind.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace cred::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "cred-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// While one lives, temporary directories are in memory: many changes wait too long for a disk.
class InMemory {
 public:
  InMemory() {
    if (std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
  }
  InMemory(const InMemory&) = delete;
  InMemory& operator=(const InMemory&) = delete;
  ~InMemory() {
    if (before_.empty())
      unsetenv("TMPDIR");
    else
      setenv("TMPDIR", before_.c_str(), 1);
  }

 private:
  const std::string before_ = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "";
};

inline Secret secret(std::string_view text) { return Secret::copy_of(text.data(), text.size()); }

// Parameters far below what a configuration accepts: these tests are not about cost.
inline engine::Configuration quick_configuration(const TemporaryDirectory& directory) {
  engine::Configuration c;
  const std::string path = directory / "";
  c.store_url = new_store_url(path.substr(0, path.size() - 1));
  keep_in(path.substr(0, path.size() - 1), c);
  c.root_key_url = "file:" + directory / "root.key";
  c.hash = {64, 1, 1};
  return c;
}

class TestRealm {
 public:
  explicit TestRealm(const std::function<void(engine::Configuration&)>& adjust = {})
      : configuration(quick_configuration(directory)) {
    if (adjust) adjust(configuration);
    value_or_throw(engine::Engine::initialise(configuration));
  }
  // A handle of its own, as another process would have.
  engine::Realm open() const {
    auto engine = value_or_throw(engine::Engine::open(configuration, clock));
    return value_or_throw(engine.realm("system"));
  }
  // Enrols with a profile that no test password is made of.
  void enrol(std::string_view name, std::string_view password) const {
    engine::Profile profile;
    profile.full_name = "Quentin Zebrowski";
    auto added = value_or_throw(open().enrol(name, profile, secret(password), false, {"test"}));
    if (added.code != Code::accepted) throw std::runtime_error("the enrolment was refused");
  }
  Code login(std::string_view name, std::string_view password) const {
    return value_or_throw(open().authenticate(name, secret(password))).code;
  }

  TemporaryDirectory directory;
  engine::Configuration configuration;
  std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
};

}  // namespace cred::test
