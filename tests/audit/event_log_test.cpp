#include "audit/event_log.hpp"

#include "support/temporary.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

using namespace cred;
using namespace cred::audit;

namespace {

// A log daemon's socket.
class Daemon {
 public:
  explicit Daemon(const std::string& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{5, 0};
    (void)setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Daemon() { (void)close(fd_); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  std::string take() const {
    std::array<char, 8192> buffer{};
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  int fd_;
};

SecurityEvent login() {
  SecurityEvent event;
  event.time = Time(std::chrono::milliseconds(1'795'568'523'045));
  event.event = "authentication";
  event.outcome = "refused";
  event.realm = "system";
  event.account = "jos\xc3\xa9";
  event.source = "host 192.0.2.7\nforged \xff";
  return event;
}

}  // namespace

TEST_CASE("an event is one line of JSON in ASCII without what is not known") {
  const std::string line = to_json(login());
  for (const char c : line) REQUIRE((c >= ' ' && c <= '~'));
  const auto object = nlohmann::json::parse(line);
  CHECK(object["event"] == "authentication");
  CHECK(object["account"] == "jos\xc3\xa9");
  CHECK(object["source"] == "host 192.0.2.7\nforged \xef\xbf\xbd");
  CHECK_FALSE(object.contains("actor"));
}

TEST_CASE("syslog gets RFC 5424's form with the event as its message") {
  const test::TemporaryDirectory directory;
  const Daemon syslog(directory / "log");
  EventLog("credd", {directory / "journal", directory / "log"})(login());
  const std::string line = syslog.take();
  std::smatch parts;
  // RFC 5424 §6: PRI is authpriv (10) times 8 and notice (5).
  REQUIRE(std::regex_match(
      line, parts,
      std::regex(R"(<85>1 2026-11-25T01:02:03\.045Z \S+ credd (\d+) authentication - (\{.*\}))")));
  CHECK(parts[1] == std::to_string(getpid()));
  CHECK(nlohmann::json::parse(parts[2].str())["outcome"] == "refused");
}

TEST_CASE("journald gets fields of its own, and no value forges another one") {
  const test::TemporaryDirectory directory;
  const Daemon journal(directory / "journal");
  const Daemon syslog(directory / "log");
  EventLog("credctl", {directory / "journal", directory / "log"})(login());
  const std::string fields = "\n" + journal.take();
  CHECK_THAT(fields, Catch::Contains("\nPRIORITY=5\n") &&
                         Catch::Contains("\nSYSLOG_FACILITY=10\n") &&
                         Catch::Contains("\nSYSLOG_IDENTIFIER=credctl\n") &&
                         Catch::Contains("\nCRED_EVENT=authentication\n"));
  CHECK_THAT(fields, Catch::Contains("\nMESSAGE={"));
  CHECK_THAT(fields, !Catch::Contains("CRED_SOURCE") && !Catch::Contains("\nforged"));
}

TEST_CASE("without any log an event is dropped and nothing fails") {
  const test::TemporaryDirectory directory;
  EventLog("credd", {directory / "journal", directory / "log"})(login());
  CHECK(severity(login()) == 5);
}
