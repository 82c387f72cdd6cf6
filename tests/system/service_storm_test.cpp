// Many at once ask credd: those who guess and those who know.
#include "service.hpp"

#include <catch2/catch.hpp>
#include <chrono>

namespace {

using namespace cred;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using wire::Kind;

constexpr int guesses_on_each = 100;

// Whose hashes are counted.
class CountedCredd : public Credd {
 public:
  explicit CountedCredd(const Site& site)
      : Credd(site, {},
              {"LD_PRELOAD=" WATCH_HASHES, "CRED_ARGON2=sodium", "CRED_TEST_HASHES=" + file(site)}),
        file_(file(site)) {}
  std::size_t hashes() const { return content(file_).size(); }

 private:
  static std::string file(const Site& site) { return site.path() / "hashes"; }
  std::string file_;
};

// As the product comes: a threshold of five, delays from half a minute.
class Usual : public Site {
 public:
  explicit Usual(const std::string& more = {}) {
    configure(cheap_hash + socket_setting(*this) + more);
    init();
    add("ann");
  }
};

// Guesses by the hundred on each of `hosts` connections, all sent before any answer is
// read. Gives how many were refused.
int guess(const Credd& credd, const std::vector<std::string>& hosts) {
  std::vector<wire::Channel> channels;
  for (const auto& host : hosts) {
    channels.push_back(credd.connect());
    for (int i = 0; i < guesses_on_each; ++i)
      REQUIRE(tell(channels.back(), asking_from(host, Kind::authenticate, "ann",
                                                wrong_password + std::to_string(i))));
  }
  int refused = 0;
  for (auto& channel : channels)
    for (int i = 0; i < guesses_on_each; ++i) refused += hear(channel).code == Code::refused;
  return refused;
}

// A host has to be served at once, which leaves room for a loaded machine.
bool gets_in_at_once(const Credd& credd, const std::string& host) {
  const auto begin = Clock::now();
  const bool in = log_in(credd, "ann", right_password, host).code == Code::accepted;
  return in && Clock::now() - begin < 5s;
}

}  // namespace

TEST_CASE("promise: of a thousand guesses at once from one host five are hashed") {
  const Usual site;
  const CountedCredd credd(site);
  const auto begin = Clock::now();
  CHECK(guess(credd, std::vector<std::string>(10, "192.0.2.66")) == 1000);
  // After each delay one more may be tried.
  const std::size_t delays = Clock::now() - begin < 30s ? 0 : 1;
  CHECK(credd.hashes() >= 5);
  CHECK(credd.hashes() <= 5 + delays);
  CHECK(site.status("ann")["failures"] == credd.hashes());

  CHECK(gets_in_at_once(credd, "198.51.100.20"));
  const auto hashes = credd.hashes();
  CHECK(log_in(credd, "ann", right_password, "192.0.2.66").code == Code::refused);
  CHECK(credd.hashes() == hashes);
}

TEST_CASE("promise: guesses from twenty hosts are bounded together, and the owner's host is open") {
  const Usual site;
  const CountedCredd credd(site);
  REQUIRE(log_in(credd, "ann", right_password, "198.51.100.20").code == Code::accepted);
  const auto before = credd.hashes();
  std::vector<std::string> hosts;
  for (int i = 0; i < 20; ++i) hosts.push_back("192.0.2." + std::to_string(i));
  const auto begin = Clock::now();
  CHECK(guess(credd, hosts) == 2000);
  const std::size_t delays = Clock::now() - begin < 30s ? 0 : 20;
  // Ten times the threshold of one host.
  CHECK(credd.hashes() - before >= 50);
  CHECK(credd.hashes() - before <= 50 + delays);
  CHECK(site.status("ann")["failures"] == credd.hashes() - before);

  CHECK(log_in(credd, "ann", right_password, "203.0.113.5").code == Code::refused);
  CHECK(gets_in_at_once(credd, "198.51.100.20"));
}

TEST_CASE("promise: five hundred right logins of one account at once count no failure") {
  const Usual site;
  const Credd credd(site);
  std::vector<wire::Channel> channels;
  for (int i = 0; i < 500; ++i) {
    channels.push_back(credd.connect());
    REQUIRE(tell(channels.back(), asking(Kind::authenticate, "ann", right_password)));
  }
  int in = 0;
  int later = 0;
  for (auto& channel : channels) {
    const auto heard = hear(channel, 3 * patience_ms);
    REQUIRE(heard.came);
    in += heard.code == Code::accepted;
    later += heard.code == Code::unavailable;
  }
  CHECK(in + later == 500);
  CHECK(in > 0);
  const auto status = site.status("ann");
  CHECK(status["failures"] == 0);
  CHECK(status["attempts_left"] == 5);
}

TEST_CASE("who waited for a minute is told to try again, unhashed") {
  if (!soaking()) return;
  Site site;
  site.configure("[hash]\nmemory = \"256 MiB\"\npasses = 8\nlanes = 1\n" + socket_setting(site));
  site.init();
  site.add("ann");
  const CountedCredd credd(site);
  std::vector<wire::Channel> channels;
  for (int i = 0; i < 200; ++i) {
    channels.push_back(credd.connect());
    REQUIRE(tell(channels.back(), asking(Kind::authenticate, "ann", right_password)));
  }
  const auto begin = Clock::now();
  std::size_t in = 0;
  std::size_t later = 0;
  for (auto& channel : channels) {
    const auto heard = hear(channel, 2 * patience_ms);
    in += heard.code == Code::accepted;
    later += heard.code == Code::unavailable;
  }
  CHECK(in + later == channels.size());
  CHECK(later > 0);
  CHECK(credd.hashes() == in);
  CHECK(Clock::now() - begin < 75s);
  WARN(in << " got in, " << later << " were told to try again");
  CHECK(site.status("ann")["failures"] == 0);
}
