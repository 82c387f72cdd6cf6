// The clock is set while credd runs.
#include "service.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

namespace {

using namespace cred;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// credd by a clock of its own. What waits for a while goes by another clock, which
// nobody sets.
class ByAnotherClock {
 public:
  explicit ByAnotherClock(const Site& site)
      : file_(site.path() / "clock"),
        credd_((set("+0"), site), {},
               {"LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1",
                "FAKETIME_TIMESTAMP_FILE=" + file_, "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1"}) {}
  // `offset` from the real time: +1d, -1y.
  void set(const std::string& offset) const {
    overwrite(file_ + ".new", offset + "\n");
    std::filesystem::rename(file_ + ".new", file_);
  }
  Code code(std::string_view account, std::string_view password,
            std::string_view host = "192.0.2.1") const {
    const auto begin = Clock::now();
    const auto heard = log_in(credd_, account, password, host);
    CHECK(Clock::now() - begin < 20s);
    return heard.came ? heard.code : Code::internal;
  }
  Credd& credd() { return credd_; }

 private:
  std::string file_;
  Credd credd_;
};

class Clocked : public Site {
 public:
  Clocked() {
    configure(cheap_hash + socket_setting(*this));
    init();
    for (const char* name : {"ann", "ben", "cem"}) add(name);
  }
};

}  // namespace

TEST_CASE("promise: whatever the clock says, the right password gets in and no other") {
  const Clocked site;
  ByAnotherClock clocked(site);
  for (const char* offset : {"+1d", "+0", "-1d", "-1y", "+1d", "-1d", "+0"}) {
    CAPTURE(offset);
    clocked.set(offset);
    CHECK(clocked.code("ann", wrong_password) == Code::refused);
    CHECK(clocked.code("ann", right_password) == Code::accepted);
  }
  CHECK(clocked.credd().process().running());
}

TEST_CASE("promise: a password that was used expired stays so when the clock is set back") {
  const Clocked site;
  ByAnotherClock clocked(site);
  CHECK(clocked.code("ann", right_password) == Code::accepted);
  clocked.set("+1y");
  CHECK(clocked.code("ann", right_password) == Code::must_change);
  CHECK(clocked.code("ann", wrong_password) == Code::refused);
  for (const char* offset : {"+0", "-1d", "-1y", "+1d"}) {
    CAPTURE(offset);
    clocked.set(offset);
    CHECK(clocked.code("ann", right_password) == Code::must_change);
    CHECK(clocked.code("ben", right_password) == Code::accepted);
  }
}

TEST_CASE("promise: a delay does not hold for longer when the clock is set, either way") {
  const Clocked site;
  ByAnotherClock clocked(site);
  const auto block = [&](const char* name) {
    for (int i = 0; i < 5; ++i) REQUIRE(clocked.code(name, wrong_password) == Code::refused);
    REQUIRE(clocked.code(name, right_password) == Code::refused);
  };
  for (const char* far : {"+1d", "+1y"}) {
    CAPTURE(far);
    clocked.set(far);
    block("cem");
    clocked.set("+0");
    CHECK(clocked.code("cem", right_password) != Code::refused);
  }
  for (const char* near : {"-1y", "-1d"}) {
    CAPTURE(near);
    clocked.set(near);
    block("ben");
    clocked.set("+0");
    CHECK(clocked.code("ben", right_password) == Code::accepted);
  }
}

TEST_CASE("promise: setting the clock to and fro disturbs no login that is under way") {
  const Clocked site;
  ByAnotherClock clocked(site);
  std::atomic<bool> over{false};
  std::atomic<int> in{0};
  std::atomic<int> kept_out{0};
  std::atomic<int> let_in{0};
  std::vector<std::thread> callers;
  // So many that some of them wait whenever the clock is set.
  for (int i = 0; i < 12; ++i)
    callers.emplace_back([&, name = i % 2 == 0 ? "ann" : "ben"] {
      while (!over) {
        const auto knows = log_in(clocked.credd(), name, right_password, "192.0.2.1");
        const bool right = knows.code == Code::accepted || knows.code == Code::must_change;
        ++(knows.came && right ? in : kept_out);
        const auto guesses = log_in(clocked.credd(), name, wrong_password, "192.0.2.2");
        if (!guesses.came || guesses.code != Code::refused) ++let_in;
      }
    });
  for (int i = 0; i < 30; ++i)
    for (const char* offset : {"+1d", "-1d", "+1y", "-1y"}) {
      clocked.set(offset);
      for (const int before = in; in < before + 2;) std::this_thread::sleep_for(1ms);
    }
  over = true;
  for (auto& caller : callers) caller.join();
  CHECK(in >= 240);
  CHECK(kept_out == 0);
  CHECK(let_in == 0);
  CHECK(clocked.credd().process().running());
}
