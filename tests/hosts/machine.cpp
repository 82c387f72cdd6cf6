#include "machine.hpp"

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

// In place of a log daemon. A thread empties the socket, for a full one would
// hold up whoever logs.
class Log {
 public:
  Log() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "/dev/log");
    if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        chmod("/dev/log", 0666) != 0)
      throw std::runtime_error("cannot make /dev/log");
    thread_ = std::thread([this] { collect(); });
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() {
    (void)shutdown(fd_, SHUT_RDWR);
    thread_.join();
    (void)close(fd_);
  }
  // Everything sent before this call: a mark of its own comes after that.
  std::string take() {
    static constexpr char mark[] = "host_tests: so far";
    ::syslog(LOG_DEBUG, "%s", mark);
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(10),
                           [&] { return text_.find(mark) != std::string::npos; }))
      throw std::runtime_error("/dev/log does not answer");
    return std::exchange(text_, {});
  }

 private:
  void collect() {
    char buffer[8192];
    for (ssize_t n = 0; (n = recv(fd_, buffer, sizeof buffer, 0)) > 0;) {
      const std::lock_guard lock(mutex_);
      text_.append(buffer, static_cast<std::size_t>(n)) += '\n';
      arrived_.notify_all();
    }
  }

  int fd_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::string text_;
  std::thread thread_;
};

// `first` goes before the module's own line of type auth.
void write_service(const std::string& name, const std::string& first = "",
                   const std::string& arguments = "retry=3") {
  const std::string module = " required " CRED_MODULE " ";
  write_file("/etc/pam.d/" + name, first + "auth" + module + "nodelay\n" + "account" + module +
                                       "\n" + "password" + module + "nodelay " + arguments + "\n" +
                                       "session required pam_permit.so\n" +
                                       "session optional " CRED_MODULE "\n");
}

void must_run(std::vector<std::string> program) {
  const std::string name = program.front();
  const Outcome outcome = run(std::move(program));
  if (outcome.status != 0) throw std::runtime_error(name + " failed: " + outcome.output);
}

bool serves() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/run/cred/credd.sock");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  (void)close(fd);
  return connected;
}

// Ends with the sandbox at the latest.
class Service {
 public:
  void start() {
    child_ = fork();
    if (child_ == 0) {
      (void)setsid();
      (void)execl(CRED_CREDD, "credd", static_cast<char*>(nullptr));
      _exit(127);
    }
    for (int i = 0; i < 3000; ++i) {
      if (serves()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("credd does not serve");
  }
  void end(int signal) {
    (void)kill(child_, signal);
    (void)status_of(child_);
  }

 private:
  int child_ = -1;
};

class Machine {
 public:
  Machine() {
    if (access("/run/cred-sandbox", F_OK) != 0) {
      std::fputs("host_tests: these tests rewrite /etc; run them in tests/hosts/sandbox\n", stderr);
      std::exit(99);
    }
    for (const char* name : {"sshd", "login", "sudo", "passwd", "locker", "cron"})
      write_service(name);
    write_service("su", "auth sufficient pam_rootok.so\n");
    write_service("su-l", "auth sufficient pam_rootok.so\n");
    write_service("chpasswd", "", "");
    write_file("/etc/pam.d/other",
               "auth required pam_deny.so\n"
               "account required pam_deny.so\n"
               "password required pam_deny.so\n"
               "session required pam_deny.so\n");
    // The least work that RFC 9106's successors still call acceptable.
    write_file(CRED_CONFIG, "[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n");
    credctl({"init"});
    if (through_service()) service.start();
    must_run({"useradd", "--create-home", "--base-dir", "/var/lib", "visitor"});
  }

  Log log;
  Service service;
  int newcomers = 0;
};

Machine& machine() {
  static Machine machine;
  return machine;
}

// Before the first test, so that each meets the same machine.
struct Listener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override { (void)machine(); }
};
CATCH_REGISTER_LISTENER(Listener)

}  // namespace

void write_file(const std::string& path, const std::string& text, unsigned mode) {
  const auto slash = path.rfind('/');
  must_run({"mkdir", "-p", path.substr(0, slash)});
  std::ofstream(path, std::ios::trunc) << text;
  if (chmod(path.c_str(), mode) != 0) throw std::runtime_error("cannot write " + path);
}

bool through_service() { return getenv("CRED_TEST_SERVICE") != nullptr; }

ServiceAway::ServiceAway(How how) { machine().service.end(how == How::killed ? SIGKILL : SIGTERM); }

ServiceAway::~ServiceAway() {
  try {
    machine().service.start();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "host_tests: %s\n", error.what());
    std::abort();  // no further test would mean anything
  }
}

Person newcomer() {
  Person person{"guest" + std::to_string(++machine().newcomers), first_password};
  must_run(
      {"useradd", "--create-home", "--base-dir", "/var/lib", "--shell", "/bin/sh", person.name});
  credctl({"user", "add", person.name, "--stdin"}, person.password + "\n");
  return person;
}

const std::string& visitor() {
  static const std::string name = "visitor";
  return name;
}

Outcome try_credctl(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), CRED_CREDCTL);
  return run(std::move(arguments), input);
}

void credctl(std::vector<std::string> arguments, const std::string& input) {
  const Outcome outcome = try_credctl(std::move(arguments), input);
  if (outcome.status != 0) throw std::runtime_error("credctl failed: " + outcome.output);
}

int verdict_on(const Person& person, const std::string& password) {
  return try_credctl({"verify", person.name, "--stdin"}, password + "\n").status;
}

long status_number(const Person& person, const std::string& field) {
  const Outcome outcome = try_credctl({"--json", "status", person.name});
  const std::string key = "\"" + field + "\":";
  const auto at = outcome.output.find(key);
  if (at == std::string::npos) throw std::runtime_error("no " + field + " in " + outcome.output);
  return std::stol(outcome.output.substr(at + key.size()));
}

std::string taken_log() { return machine().log.take(); }
