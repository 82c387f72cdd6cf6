// A thousand logins at once: is every answer right, is memory bounded, does the service
// hash as fast as the bare cores, and does a flood from one source keep others waiting?
// Beside it what hashing in the callers' own threads costs.

#include "bare_hash.hpp"
#include "engine/engine.hpp"
#include "wire/broker_link.hpp"
#include "wire/message.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace cred;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int accounts = 50;
constexpr int sources = 20;  // number 0 is the flood: half of all requests
constexpr int silence_ms = 120'000;
constexpr double bare_seconds = 8;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

std::string name_of(int account) { return "user" + std::to_string(account); }

std::string password_of(int account) {
  // Letters that no other number shares: no rule has anything against them.
  std::string text = "Q";
  std::uint64_t state = static_cast<std::uint64_t>(account) * 0x9E3779B97F4A7C15U + 1;
  for (int i = 0; i < 12; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += static_cast<char>('a' + (state >> 59) % 26);
  }
  return text + "7x";
}

// A store with accounts, and credd on it, in a directory that goes at the end.
class Site {
 public:
  Site(const std::string& memory, const std::string& budget) {
    std::string pattern = std::filesystem::temp_directory_path() / "bench-XXXXXX";
    require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    directory_ = pattern;
    const std::string path = directory_ / "cred.conf";
    std::ofstream(path) << "[store]\nurl = \"sqlite:" << pattern << "/cred.db\"\n[keys]\nroot = "
                        << "\"file:" << pattern << "/root.key\"\n[hash]\nmemory = \"" << memory
                        << "\"\npasses = 3\nlanes = 4\n[attempts]\nthreshold = 100\n[broker]\n"
                        << "socket = \"" << socket() << "\"\nmemory_budget = \"" << budget
                        << "\"\n";
    const auto loaded = engine::load_configuration(path);
    if (!loaded) std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    require(loaded.has_value(), "the configuration");
    configuration = *loaded;
    value_or_throw(engine::Engine::initialise(configuration));
    auto engine =
        value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
    auto realm = value_or_throw(engine.realm("system"));
    for (int i = 0; i < accounts; ++i) {
      const std::string text = password_of(i);
      const auto added =
          realm.enrol(name_of(i), {}, Secret::copy_of(text.data(), text.size()), false, {"bench"});
      require(added && added->code == Code::accepted, "enrol");
    }
    credd_ = fork();
    if (credd_ == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGTERM);  // also when the storm is cut off
      (void)execl(CREDD, CREDD, "--config", path.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    require(credd_ > 0, "fork");
    for (int i = 0; i < 1000 && !listens(); ++i) (void)usleep(10'000);
    require(listens(), "credd");
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  ~Site() {
    (void)kill(credd_, SIGTERM);
    (void)waitpid(credd_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }

  std::string socket() const { return directory_ / "credd.sock"; }
  wire::Channel connect() const { return wire::connect({socket().c_str(), "/bin/false", nullptr}); }
  long peak_kib() const {
    std::ifstream status("/proc/" + std::to_string(credd_) + "/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
    return 0;
  }

  engine::Configuration configuration;

 private:
  // Everybody may write to the socket as soon as it listens.
  bool listens() const {
    std::error_code error;
    const auto mode = std::filesystem::status(socket(), error).permissions();
    return !error && (mode & std::filesystem::perms::others_write) != std::filesystem::perms::none;
  }

  std::filesystem::path directory_;
  pid_t credd_ = 0;
};

struct Client {
  enum class Heard { nothing, right, try_again, amiss };
  wire::Channel channel;
  int source = 0;
  int turn = 0;  // the how many-eth request of its source
  bool knows = true;
  Clock::time_point asked{};
  double wait = 0;  // seconds
  int place = 0;    // the how many-eth hash answered
  Heard heard = Heard::nothing;
};

void ask(Client& client, int number, const Site& site) {
  client.source = number % 2 == 0 ? 0 : 1 + number / 2 % (sources - 1);
  client.knows = number / 2 % 10 != 9;
  const int account =
      static_cast<int>((static_cast<unsigned>(number) * 2654435761U >> 16) % accounts);
  const std::string name = name_of(account);
  const std::string password = client.knows ? password_of(account) : "Guessed9badly";
  const std::string rhost = "192.0.2." + std::to_string(client.source + 1);
  wire::Request request;
  request.kind = wire::Kind::authenticate;
  request.realm = "system";
  request.account = name;
  request.source.rhost = rhost;
  request.password = std::as_bytes(std::span(password));
  client.channel = site.connect();
  client.asked = Clock::now();
  require(client.channel.send(wire::encode(request), silence_ms) == wire::Io::done, "asking");
}

void hear(Client& client, int& hashes) {
  Secret body;
  wire::Reply reply;
  client.wait = Seconds(Clock::now() - client.asked).count();
  const bool came =
      client.channel.receive(body, 1000) == wire::Io::done && wire::decode(body.bytes(), reply);
  const Code expected = client.knows ? Code::accepted : Code::refused;
  client.heard = !came                             ? Client::Heard::amiss
                 : reply.code == expected          ? Client::Heard::right
                 : reply.code == Code::unavailable ? Client::Heard::try_again
                                                   : Client::Heard::amiss;
  if (client.heard == Client::Heard::right) client.place = ++hashes;
  client.channel = wire::Channel();
}

// Seconds from the first question to the last hash.
double storm(std::vector<Client>& clients, const Site& site) {
  std::vector<int> asked(sources);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    ask(clients[i], static_cast<int>(i), site);
    clients[i].turn = ++asked[static_cast<std::size_t>(clients[i].source)];
  }
  const auto start = clients.front().asked;
  std::vector<pollfd> open;
  for (const Client& client : clients) open.push_back({client.channel.fd(), POLLIN, 0});
  int hashes = 0;
  double last = 0;
  for (std::size_t left = clients.size(); left > 0;) {
    if (poll(open.data(), open.size(), silence_ms) <= 0) break;  // the rest heard nothing
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) continue;
      hear(clients[i], hashes);
      if (clients[i].heard == Client::Heard::right) last = Seconds(Clock::now() - start).count();
      open[i].fd = -1;
      --left;
    }
  }
  return last;
}

// Of one source: how long its clients waited, and by how many rounds of all sources the
// latest came later than in a strict turn of each.
void print_fairness(const std::vector<Client>& clients) {
  double longest = 0;
  double latest = 0;
  std::printf("\n  source       requests  mean wait  longest  turns late\n");
  for (int source = 0; source < sources; ++source) {
    int count = 0;
    double sum = 0;
    double most = 0;
    double late = 0;
    for (const Client& client : clients) {
      if (client.source != source || client.heard != Client::Heard::right) continue;
      ++count;
      sum += client.wait;
      most = std::max(most, client.wait);
      late = std::max(late, static_cast<double>(client.place) / sources - client.turn);
    }
    std::printf("  192.0.2.%-4d %8d %8.2f s %6.2f s %8.1f%s\n", source + 1, count,
                count > 0 ? sum / count : 0, most, late, source == 0 ? "  (the flood)" : "");
    if (source == 0) continue;
    longest = std::max(longest, most);
    latest = std::max(latest, late);
  }
  std::printf("  beside the flood the longest wait was %.2f s, at most %.1f turns late\n", longest,
              latest);
}

int count(const std::vector<Client>& clients, Client::Heard what) {
  return static_cast<int>(std::count_if(clients.begin(), clients.end(),
                                        [&](const Client& c) { return c.heard == what; }));
}

struct Outcome {
  bool kept = true;  // what is promised
  double ratio = 0;  // to the bare hash rate
};

Outcome report(const std::vector<Client>& clients, const Site& site, double seconds, double bare) {
  using Heard = Client::Heard;
  const int right = count(clients, Heard::right);
  const int wrong = count(clients, Heard::amiss) + count(clients, Heard::nothing);
  double longest = 0;
  for (const Client& client : clients) longest = std::max(longest, client.wait);
  const long peak = site.peak_kib();
  const long bound = static_cast<long>(site.configuration.memory_budget) + 64 * 1024;
  std::printf("  answers: %d right, %d 'try again', %d wrong or none\n", right,
              count(clients, Heard::try_again), wrong);
  std::printf("  longest wait %.2f s\n", longest);
  std::printf("  peak memory of credd %ld MiB, bound %ld MiB\n", peak / 1024, bound / 1024);
  std::printf("  throughput %.2f hashes/s, bare %.2f, ratio %.3f\n", right / seconds, bare,
              right / seconds / bare);
  print_fairness(clients);
  return {wrong == 0 && peak > 0 && peak <= bound, right / seconds / bare};
}

std::vector<double> bare_rates(const hash::Parameters& parameters) {
  std::vector<double> rates;
  for (const auto& way : bench::ways(parameters))
    rates.push_back(bench::bare_rate(parameters, way, bare_seconds));
  return rates;
}

// Each storm lies between two measurements of the bare cores, for a machine's speed drifts.
// The peer is the way of using them that was fastest, both times together.
bool storm_the_service(const Site& site, std::size_t number, int runs) {
  const auto& parameters = site.configuration.hash;
  const auto ways = bench::ways(parameters);
  bool kept = true;
  std::vector<double> ratios;
  auto before = bare_rates(parameters);
  for (int run = 0; run < runs; ++run) {
    std::vector<Client> clients(number);
    const double seconds = storm(clients, site);
    auto after = bare_rates(parameters);
    double best = 0;
    std::printf("\n  bare libargon2, hashes/s before and after:\n");
    for (std::size_t i = 0; i < ways.size(); ++i) {
      std::printf("    %-22s %7.2f %7.2f\n", ways[i].text().c_str(), before[i], after[i]);
      best = std::max(best, (before[i] + after[i]) / 2);
    }
    const Outcome outcome = report(clients, site, seconds, best);
    kept = kept && outcome.kept;
    ratios.push_back(outcome.ratio);
    before = std::move(after);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("\nratio of %d storms: least %.3f, median %.3f, most %.3f\n", runs, ratios.front(),
              ratios[ratios.size() / 2], ratios.back());
  return kept;
}

void storm_in_process(std::size_t clients, const hash::Parameters& parameters) {
  const long physical = sysconf(_SC_PHYS_PAGES) / 1024 * sysconf(_SC_PAGESIZE);  // KiB
  const auto room = static_cast<std::size_t>(physical / 3 / static_cast<long>(parameters.memory));
  const std::size_t unbounded = std::clamp<std::size_t>(room, 1, clients);
  hash::Parameters one_lane = parameters;
  one_lane.lanes = 1;
  std::printf("\nThe same in the callers' threads:\n");
  const auto print = [&](const char* what, bench::Library library, const hash::Parameters& p,
                         std::size_t at_once) {
    const auto result = bench::hash_in_process(library, p, clients, at_once);
    std::printf("  %-34s %3zu at once: %7.2f hashes/s, peak memory %ld MiB\n", what, at_once,
                result.hashes_a_second, result.peak_kib / 1024);
  };
  print(unbounded < clients ? "libargon2, a third of memory" : "libargon2",
        bench::Library::libargon2, parameters, unbounded);
  print("libsodium, one lane, a semaphore", bench::Library::libsodium, one_lane, 2);
}

int usage() {
  std::fprintf(
      stderr,
      "usage: bench_storm [CLIENTS=1000] [MEMORY=\"64 MiB\"] [BUDGET=\"256 MiB\"] [RUNS=1]\n"
      "as root; exits with 1 when an answer is wrong or memory passes BUDGET + 64 MiB\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const int number = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int runs = argc > 4 ? std::atoi(argv[4]) : 1;
  // Others than root ask credd about their own account alone.
  if (argc > 5 || number < 1 || number > 4000 || runs < 1 || geteuid() != 0) return usage();
  rlimit descriptors{};
  (void)getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, 16'384);
  require(setrlimit(RLIMIT_NOFILE, &descriptors) == 0, "raising RLIMIT_NOFILE");
  (void)std::setvbuf(stdout, nullptr, _IOLBF, 0);

  const Site site(argc > 2 ? argv[2] : "64 MiB", argc > 3 ? argv[3] : "256 MiB");
  const auto& c = site.configuration;
  std::printf("%d clients, %u MiB, %u passes, %u lanes, a budget of %u MiB\n", number,
              c.hash.memory / 1024, c.hash.passes, c.hash.lanes, c.memory_budget / 1024);
  const bool kept = storm_the_service(site, static_cast<std::size_t>(number), runs);
  storm_in_process(static_cast<std::size_t>(number), c.hash);
  if (!kept) std::fprintf(stderr, "bench: a promise is broken\n");
  return kept ? 0 : 1;
}
