// credd as a service manager sees it: readiness, reload, watchdog, stop, idle exit.
#include "service.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

using namespace cred;

// The socket that sd_notify(3) speaks of.
class Notifications {
 public:
  explicit Notifications(std::string path)
      : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{30, 0};
    (void)setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Notifications() { (void)close(fd_); }
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;
  const std::string& path() const { return path_; }
  std::string next() const {
    std::array<char, 256> text{};
    const ssize_t size = recv(fd_, text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "nothing";
  }
  // The next one that is no sign of life.
  std::string next_state() const {
    std::string state = next();
    while (state == "WATCHDOG=1") state = next();
    return state;
  }

 private:
  std::string path_;
  int fd_;
};

}  // namespace

TEST_CASE("a service manager is told of readiness, life, reload and stop") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  const Notifications manager(site.path() / "notify");
  const HandedOver socket(site);
  Launch launch = socket.credd(site);
  launch.environment = {"NOTIFY_SOCKET=" + manager.path(), "WATCHDOG_USEC=3000000"};
  Process credd(launch);
  CHECK(manager.next_state() == "READY=1");
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "WATCHDOG=1");
  auto channel = connect_to(socket.path());
  CHECK(ask(channel, asking(wire::Kind::authenticate, "ann", right_password)).code ==
        Code::accepted);
  credd.kill(SIGHUP);
  CHECK(manager.next_state() == "RELOADING=1");
  CHECK(manager.next_state() == "READY=1");
  credd.kill(SIGTERM);
  CHECK(manager.next_state() == "STOPPING=1");
  CHECK(credd.wait().exit == 0);
}

TEST_CASE("a credd on a socket that was handed over ends after a minute without callers") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  const HandedOver socket(site);
  Launch launch = socket.credd(site);
  // A minute of its clock is a second here.
  launch.environment = {"LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", "FAKETIME=+0 x60"};
  Process idle(launch);
  CHECK(idle.wait().exit == 0);
  // Whoever comes next is served by the next one.
  auto channel = connect_to(socket.path());
  REQUIRE(tell(channel, asking(wire::Kind::account, "nobody", "")));
  Process next(socket.credd(site));
  CHECK(hear(channel).code == Code::not_found);
}
