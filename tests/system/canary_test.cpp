// Promise 6: a password that is easy to recognise goes through everything, and then
// it is looked for everywhere.
#include "broker.hpp"
#include "site.hpp"

#include <catch2/catch.hpp>
#include <cctype>
#include <chrono>
#include <csignal>
#include <thread>

namespace fs = std::filesystem;

namespace {

const std::string canary = "Zq7xCanary9Wvk";
const std::string second_canary = "Kv3pSparrow8Jyt";
const std::string wrong_canary = "Hb5nLinnet6Fgd";

std::string utf16(const std::string& text) {
  std::string wide;
  for (const char c : text) wide += {c, '\0'};
  return wide;
}

std::string hex(const std::string& text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string base64(const std::string& text) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i + 2 < text.size(); i += 3) {
    const unsigned word = static_cast<unsigned>(static_cast<unsigned char>(text[i])) << 16 |
                          static_cast<unsigned>(static_cast<unsigned char>(text[i + 1])) << 8 |
                          static_cast<unsigned char>(text[i + 2]);
    for (const int shift : {18, 12, 6, 0}) out += digits[word >> shift & 63];
  }
  return out;
}

// Every form, and in base64 every alignment; the ends, which depend on neighbours, cut.
std::vector<std::string> forms() {
  std::vector<std::string> all;
  for (const auto& password : {canary, second_canary, wrong_canary}) {
    all.insert(all.end(), {password, utf16(password), hex(password), upper(hex(password)),
                           std::string(password.rbegin(), password.rend())});
    for (std::size_t cut = 0; cut < 3; ++cut) all.push_back(base64(password.substr(cut)));
  }
  return all;
}

bool holds_canary(const std::string& bytes) {
  static const auto all = forms();
  for (const auto& form : all)
    if (bytes.find(form) != std::string::npos) return true;
  return false;
}

void not_in_files(const Site& site) {
  for (const auto& entry : fs::recursive_directory_iterator(site.path()))
    if (entry.is_regular_file()) {
      INFO(entry.path());
      CHECK_FALSE(holds_canary(content(entry.path())));
    }
}

// Of this machine's processes, at this moment.
int processes_looked_at() {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])) == 0)
      continue;
    for (const char* file : {"cmdline", "environ"}) {
      INFO(entry.path() / file);
      const std::string bytes = content(entry.path() / file);
      CHECK_FALSE(holds_canary(bytes));
    }
    ++count;
  }
  return count;
}

// What a login costs when it makes its password's hash anew: a second or two, with
// the password in memory.
constexpr const char* slow_hash =
    "[hash]\nmemory = \"64 MiB\"\npasses = 30\nlanes = 1\n[attempts]\nthreshold = 100\n";
constexpr long mid_hash_kib = 60 * 1024;

}  // namespace

TEST_CASE("the search for the canary finds it in every form") {
  CHECK(holds_canary("xx" + canary + "yy"));
  CHECK(holds_canary("xx" + utf16(canary)));
  CHECK(holds_canary(upper(hex("some " + canary))));
  for (const std::string before : {"", "a", "ab", "abc"})
    CHECK(holds_canary(base64(before + canary + "abcdef")));
  CHECK_FALSE(holds_canary("a text without one"));
}

TEST_CASE("promise: a password is in no output and in no file after every operation") {
  Site site;
  site.init();
  int operations = 0;
  const auto expect = [&](int exit, const Site::Words& words, const std::string& password) {
    for (const bool json : {false, true}) {
      Site::Words all = words;
      if (json) all.insert(all.begin(), "--json");
      const auto done = site.run(all, password.empty() ? "" : password + "\n");
      INFO(words[0] << ": " << done.exit << " " << done.out << done.err);
      if (!json) CHECK(done.exit == exit);
      CHECK_FALSE(holds_canary(done.out + done.err));
      not_in_files(site);
      ++operations;
    }
  };
  expect(0, {"user", "add", "ann", "--full-name", "Ann Miller", "--stdin"}, canary);
  expect(1, {"user", "add", "linnet", "--stdin"}, wrong_canary);  // refused: its own name
  expect(0, {"verify", "ann", "--stdin"}, canary);
  expect(1, {"verify", "ann", "--stdin"}, wrong_canary);
  expect(1, {"verify", "nobody", "--stdin"}, wrong_canary);
  expect(1, {"verify", canary, "--stdin"}, wrong_canary);  // typed where the name belongs
  expect(1, {"check", "ann", "--stdin"}, canary);
  expect(0, {"check", "--stdin"}, wrong_canary);
  expect(1, {"passwd", "ann", "--stdin"}, canary);
  expect(0, {"passwd", "ann", "--stdin"}, second_canary);
  expect(2, {"passwd", "ann", "--stdin"}, canary + '\a');
  expect(2, {"verify", "ann", "--stdin"}, canary + '\xff');
  expect(0, {"status", "ann"}, "");
  expect(0, {"user", "show", "ann"}, "");
  expect(0, {"user", "list"}, "");
  expect(0, {"expire", "ann"}, "");
  expect(3, {"verify", "ann", "--stdin"}, second_canary);
  CHECK(operations == 34);

  for (const auto& [old_password, new_password] :
       {std::pair(wrong_canary, canary), std::pair(second_canary, canary),
        std::pair(second_canary, wrong_canary)}) {
    const auto answer = change_password(site, "ann", old_password, new_password);
    REQUIRE(answer.came);
    CHECK_FALSE(holds_canary(answer.messages + answer.credd.out + answer.credd.err));
    not_in_files(site);
  }
  CHECK(site.verify("ann", wrong_canary) == 0);
}

TEST_CASE("promise: while the store is open its log and shared memory hold no password") {
  Site site;
  site.init();
  site.add("ann", canary);
  // A reader keeps the log from being folded into the store.
  Process reader(
      {.argv = {"sqlite3", site.store(), "SELECT count(*) FROM account;", ".system sleep 5"}});
  CHECK(site.verify("ann", wrong_canary) == 1);
  site.reset("ann", second_canary);
  CHECK(fs::exists(site.store() + "-wal"));
  not_in_files(site);
  reader.kill(SIGKILL);
  (void)reader.wait();
}

TEST_CASE("promise: a password is in no process's arguments or environment") {
  Site site;
  site.init();
  site.add("ann", canary);
  site.configure(slow_hash);
  auto login = site.start({"verify", "ann", "--stdin"}, canary + "\n");
  REQUIRE(login.wait_for_memory(mid_hash_kib));
  CHECK(processes_looked_at() > 3);
  CHECK(login.running());
  not_in_files(site);
  CHECK(login.wait().exit == 0);
}

TEST_CASE("promise: a crash leaves no core dump") {
  const auto crash = [](Process process, int signal) {
    process.kill(signal);
    return process.wait();
  };
  Site site;
  site.init();
  site.add("ann", canary);
  site.configure(slow_hash);
  // The same crash of another program leaves one; otherwise this would show nothing.
  Process ordinary({.argv = {"sleep", "60"}, .directory = site.path(), .core_dumps = true});
  REQUIRE(ordinary.wait_for_memory(100));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  if (!crash(std::move(ordinary), SIGSEGV).dumped_core)
    WARN("this machine makes no core dumps; that credctl makes none is not shown by it");
  for (const auto& entry : fs::directory_iterator(site.path()))
    if (entry.path().filename().string().starts_with("core")) fs::remove(entry.path());
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS}) {
    auto launch = site.credctl({"verify", "ann", "--stdin"}, canary + "\n");
    launch.directory = site.path();
    launch.core_dumps = true;
    Process login(launch);
    REQUIRE(login.wait_for_memory(mid_hash_kib));
    const auto ended = crash(std::move(login), signal);
    CHECK(ended.signal == signal);
    CHECK_FALSE(ended.dumped_core);
    for (const auto& entry : fs::directory_iterator(site.path()))
      CHECK_FALSE(entry.path().filename().string().starts_with("core"));
  }
  not_in_files(site);
}
