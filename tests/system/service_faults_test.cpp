// credd is killed again and again while people log in and change their passwords. The
// test stands in for systemd: it holds the socket and starts credd anew.
#include "service.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace {

using namespace cred;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using wire::Kind;

// Every question ends within this time, whatever happens to credd.
constexpr auto bound = 20s;

// The credd of the moment on a socket that outlives it.
class Unit {
 public:
  explicit Unit(const Site& site) : socket_(site), launch_(socket_.credd(site)) {
    process_.emplace(launch_);
  }

  wire::Channel connect() const { return connect_to(socket_.path()); }
  // False: it had ended by itself.
  bool kill_and_start() {
    process_->kill(SIGKILL);
    const bool killed = process_->wait().signal == SIGKILL;
    process_.emplace(launch_);
    return killed;
  }

 private:
  HandedOver socket_;
  Launch launch_;
  std::optional<Process> process_;
};

// What all clients together have seen.
struct Seen {
  std::atomic<bool> over{false};
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::atomic<int> changes{0};
  std::atomic<int> cut{0};          // the question got no answer
  std::atomic<int> cut_through{0};  // of those, changes that were made all the same
  std::atomic<int> later{0};        // "try again"
  std::atomic<int> names{0};        // new passwords that the policy does not take
  std::atomic<std::int64_t> longest_ms{0};
  std::mutex mutex;
  std::string faults;

  void fault(const std::string& what) {
    const std::lock_guard lock(mutex);
    faults += what + "\n";
  }
};

class Client {
 public:
  Client(const Unit& unit, Seen& seen, std::string account, std::string host, unsigned seed)
      : unit_(unit),
        seen_(seen),
        account_(std::move(account)),
        host_(std::move(host)),
        random_(seed) {}

  // The right password and a wrong one by turns.
  void log_in_again_and_again() {
    for (int i = 0; !seen_.over; ++i) {
      const bool knows = i % 3 != 2;
      const auto code = ask(Kind::authenticate, knows ? password_ : wrong_password);
      if (!code) continue;
      if (*code == (knows ? Code::accepted : Code::refused))
        ++(knows ? seen_.right : seen_.wrong);
      else
        fault(knows ? "a right password" : "a wrong password", *code);
    }
  }

  void change_again_and_again() {
    while (!seen_.over) change();
  }

  const std::string& account() const { return account_; }
  const std::string& password() const { return password_; }

 private:
  void change() {
    const std::string next = fresh();
    const auto code = ask(Kind::change, next, password_);
    if (code == Code::accepted) {
      ++seen_.changes;
      if (settled(next) != next) fault("an acknowledged change", Code::not_found);
      password_ = next;
    } else if (!code) {
      const std::string now = settled(next);
      if (now == next) ++seen_.cut_through;
      password_ = now;
    } else {
      fault("a change", *code);
    }
  }

  // Which of the two passwords it is; the other one must be refused.
  std::string settled(const std::string& next) {
    const bool is_next = opens(next);
    const bool is_old = opens(password_);
    if (is_next == is_old) fault(is_next ? "both passwords" : "neither password", Code::accepted);
    return is_next ? next : password_;
  }

  bool opens(const std::string& password) {
    for (const auto until = Clock::now() + 60s; Clock::now() < until;)
      if (const auto code = ask(Kind::authenticate, password)) {
        if (*code != Code::accepted && *code != Code::refused) fault("a login", *code);
        return *code == Code::accepted;
      }
    fault("no answer for a minute", Code::unavailable);
    return false;
  }

  // Unset: there was no answer, or that it should try again, or with another password.
  std::optional<Code> ask(Kind kind, const std::string& password, const std::string& old = {}) {
    auto request = asking_from(host_, kind, account_, password);
    request.old_password = std::as_bytes(std::span(old));
    const auto begin = Clock::now();
    auto channel = unit_.connect();
    const auto heard = ::ask(channel, request, 2 * patience_ms);
    const auto took = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin).count();
    auto longest = seen_.longest_ms.load();
    while (took > longest && !seen_.longest_ms.compare_exchange_weak(longest, took)) {}
    if (!heard.came) {
      ++seen_.cut;
      return std::nullopt;
    }
    if (heard.code == Code::unavailable) {
      ++seen_.later;
      return std::nullopt;
    }
    if (heard.reason == wire::Reason::policy) {
      ++seen_.names;
      return std::nullopt;
    }
    return heard.code;
  }

  // Fourteen letters and digits; once in some hundred they are made of a name.
  std::string fresh() {
    static constexpr std::string_view consonants = "bdfgkmnprstvz";
    static constexpr std::string_view vowels = "aeiou";
    std::string word;
    for (int i = 0; i < 6; ++i) {
      word += consonants[random_() % consonants.size()];
      word += vowels[random_() % vowels.size()];
    }
    word[4] = static_cast<char>(word[4] - 'a' + 'A');
    return word + static_cast<char>('2' + random_() % 8) + static_cast<char>('2' + random_() % 8);
  }

  void fault(const std::string& what, Code code) {
    seen_.fault(account_ + " from " + host_ + ": " + what + " got " + word(code));
  }

  const Unit& unit_;
  Seen& seen_;
  const std::string account_;
  const std::string host_;
  std::mt19937 random_;
  std::string password_ = right_password;
};

}  // namespace

TEST_CASE("promise: a credd that is killed under load loses nothing and misleads nobody") {
  const int kills = soaking() ? 200 : 15;
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  Site site;
  site.configure(service_settings(site));
  site.init();
  for (const char* name : {"ann", "ben", "cem"}) site.add(name);
  Unit unit(site);
  Seen seen;
  std::vector<Client> clients;
  clients.reserve(6);
  for (unsigned i = 0; i < 4; ++i)
    clients.emplace_back(unit, seen, "ann", "192.0.2." + std::to_string(i), seed + i);
  for (const char* name : {"ben", "cem"})
    clients.emplace_back(unit, seen, name, "198.51.100.1", seed + name[0]);
  std::vector<std::thread> threads;
  for (auto& client : clients)
    threads.emplace_back([&client] {
      if (client.account() == "ann")
        client.log_in_again_and_again();
      else
        client.change_again_and_again();
    });

  std::mt19937 random(seed);
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    if (!unit.kill_and_start()) seen.fault("credd ended by itself");
  }
  // It comes back, for everybody.
  const auto answered = [&] { return seen.right + seen.wrong; };
  const int before = answered();
  const int changed_before = seen.changes;
  for (const auto until = Clock::now() + bound;
       Clock::now() < until && (answered() < before + 20 || seen.changes < changed_before + 2);)
    std::this_thread::sleep_for(10ms);
  seen.over = true;
  for (auto& thread : threads) thread.join();

  CHECK(answered() >= before + 20);
  CHECK(seen.changes >= changed_before + 2);
  CHECK(seen.faults == "");
  CHECK(seen.longest_ms < std::chrono::milliseconds(bound).count());
  CHECK(seen.cut > 0);
  CHECK(site.sql("PRAGMA integrity_check;") == "ok\n");
  for (const auto& client : clients) CHECK(site.verify(client.account(), client.password()) == 0);
  const int made = seen.changes + seen.cut_through;
  int changes = 0;
  const auto shown = nlohmann::json::parse(site.run({"--json", "audit", "show"}).out);
  for (const auto& record : shown["records"])
    changes += record["event"] == "changed" || record["event"] == "enrolled" ? 1 : 0;
  CHECK(changes == made + 3);
  CHECK(site.run({"audit", "verify"}).exit == 0);
  if (soaking())
    WARN(kills << " kills: " << seen.right << " right logins, " << seen.wrong << " wrong ones, "
               << seen.changes << " changes, " << seen.cut << " unanswered, of which "
               << seen.cut_through << " changes that were made, " << seen.later
               << " told to try again, " << seen.names
               << " new passwords made of names; the longest took " << seen.longest_ms << " ms");
}
