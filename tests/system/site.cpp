#include "site.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

Site::Site() : Site(std::string(cheap_hash) + patient) {}

Site::Site(const std::string& settings) {
  std::string pattern = fs::temp_directory_path() / "cred-system-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
  configure(settings);
}

Site::~Site() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Site::configure(const std::string& settings) {
  overwrite(configuration(), "[store]\nurl = \"sqlite:" + store() +
                                 "\"\n[keys]\nroot = \"file:" + key() + "\"\n" + settings);
}

Launch Site::credctl(const Words& words, const std::string& input) const {
  Launch launch;
  launch.argv = {CREDCTL, "--config", configuration()};
  launch.argv.insert(launch.argv.end(), words.begin(), words.end());
  launch.input = input;
  return launch;
}

Finished Site::run(const Words& words, const std::string& input) const {
  return ::run(credctl(words, input));
}

Process Site::start(const Words& words, const std::string& input) const {
  return Process(credctl(words, input));
}

void Site::init() const {
  const auto done = run({"init"});
  INFO(done.err);
  REQUIRE(done.exit == 0);
}

void Site::add(const std::string& name, const std::string& password) const {
  const auto done = run({"user", "add", name, "--stdin"}, password + "\n");
  INFO(done.err);
  REQUIRE(done.exit == 0);
}

void Site::reset(const std::string& name, const std::string& password) const {
  const auto done = run({"passwd", name, "--stdin"}, password + "\n");
  INFO(done.err);
  REQUIRE(done.exit == 0);
}

int Site::verify(const std::string& name, const std::string& password) const {
  const auto done = run({"verify", name, "--stdin"}, password + "\n");
  if (done.exit > 4) UNSCOPED_INFO("verify: " << done.err);
  return done.exit;
}

nlohmann::json Site::status(const std::string& name) const {
  const auto done = run({"--json", "status", name});
  INFO(done.out << done.err);
  REQUIRE(done.exit == 0);
  return nlohmann::json::parse(done.out);
}

std::string Site::sql(const std::string& statements) const {
  const auto done = ::run({.argv = {"sqlite3", "-bail", store()}, .input = statements});
  INFO(done.err);
  REQUIRE(done.exit == 0);
  return done.out;
}

std::map<std::string, std::string> Site::files() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path_))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), path_)] = content(entry.path());
  return files;
}

void Site::restore(const std::map<std::string, std::string>& files) const {
  for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
  for (const auto& [name, bytes] : files) {
    const fs::path file = path_ / name;
    for (fs::path parent = file.parent_path(); !fs::exists(parent); parent = parent.parent_path()) {
      fs::create_directories(parent);
      fs::permissions(parent, fs::perms::owner_all);
    }
    overwrite(file, bytes);
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
}

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const fs::path& file, const std::string& content) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << content;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
}

Launch under(const std::vector<std::string>& words, Launch launch) {
  launch.argv.insert(launch.argv.begin(), words.begin(), words.end());
  return launch;
}

Launch on_terminal(Launch launch) {
  std::string command;
  for (const auto& word : launch.argv) {
    command += command.empty() ? "'" : " '";
    for (const char c : word) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += "'";
  }
  launch.argv = {"script", "--quiet", "--return", "--command", command, "/dev/null"};
  return launch;
}
