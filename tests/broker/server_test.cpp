// The server within this process, where the sanitizers see its threads.
#include "broker/server.hpp"

#include "base/translate.hpp"
#include "engine/engine.hpp"
#include "support/temporary.hpp"
#include "wire/broker_link.hpp"
#include "wire/message.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace cred;

namespace {

constexpr std::string_view right = "Correct7horse";
constexpr std::string_view wrong = "Guessing9badly";

// A server on a store of its own, until the end of the test.
class Running {
 public:
  Running() {
    std::ofstream(configuration_) << "[store]\nurl = \"sqlite:" << (directory_ / "cred.db")
                                  << "\"\n[keys]\nroot = \"file:" << (directory_ / "root.key")
                                  << "\"\n[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n"
                                  << "[attempts]\nthreshold = 100\n";
    const auto loaded = value_or_throw(engine::load_configuration(configuration_));
    value_or_throw(engine::Engine::initialise(loaded));
    auto engine = value_or_throw(engine::Engine::open(loaded, std::make_shared<SystemClock>()));
    auto realm = value_or_throw(engine.realm("system"));
    for (const char* name : {"ann", "ben"})
      REQUIRE(realm.enrol(name, {}, Secret::copy_of(right.data(), right.size()), false, {}));
    thread_ = std::thread([this] {
      served_ = broker::serve({configuration_, -1, socket_}).has_value();
    });
    for (int i = 0; i < 3000 && !listens(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ~Running() {
    if (thread_.joinable()) stop();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool stop() {
    (void)kill(getpid(), SIGTERM);
    thread_.join();
    return served_;
  }
  wire::Channel connect() const { return wire::connect({socket_.c_str(), "/bin/false", nullptr}); }

 private:
  // Unlike a client of credd it starts none where nobody listens.
  bool listens() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool open =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    (void)close(fd);
    return open;
  }

  test::TemporaryDirectory directory_;
  std::string configuration_ = directory_ / "cred.conf";
  std::string socket_ = directory_ / "credd.sock";
  std::atomic<bool> served_{false};
  std::thread thread_;
};

Code ask(wire::Channel& channel, wire::Kind kind, std::string_view account,
         std::string_view password, std::string_view language = {}) {
  wire::Request request;
  request.kind = kind;
  request.real_uid = getuid();
  request.realm = "system";
  request.account = account;
  request.source.language = language;
  request.password = std::as_bytes(std::span(password));
  Secret body;
  wire::Reply reply;
  if (channel.send(wire::encode(request), 60'000) != wire::Io::done ||
      channel.receive(body, 60'000) != wire::Io::done || !wire::decode(body.bytes(), reply))
    return Code::internal;
  return reply.code;
}

}  // namespace

TEST_CASE("the server answers many callers of several threads, and stops when told") {
  if (getuid() != 0) {
    WARN("not run as root: others ask about their own account alone");
    return;
  }
  Running server;
  std::atomic<int> amiss{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 6; ++i)
    callers.emplace_back([&, i] {
      auto channel = server.connect();
      const char* name = i % 2 == 0 ? "ann" : "ben";
      const char* language = i % 3 == 0 ? "de" : "en";
      for (int k = 0; k < 3; ++k) {
        if (ask(channel, wire::Kind::authenticate, name, right) != Code::accepted) ++amiss;
        if (ask(channel, wire::Kind::check, name, "short1A", language) != Code::refused) ++amiss;
        if (ask(channel, wire::Kind::account, name, {}) != Code::accepted) ++amiss;
      }
      if (ask(channel, wire::Kind::authenticate, name, wrong) != Code::refused) ++amiss;
      auto left = server.connect();  // hangs up with an answer owed
      wire::Request request;
      request.account = name;
      request.realm = "system";
      (void)left.send(wire::encode(request), 1000);
    });
  for (auto& caller : callers) caller.join();
  CHECK(amiss == 0);
  CHECK(server.stop());
}
