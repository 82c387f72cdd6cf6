#include "terminal.hpp"

#include <csignal>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

using std::chrono::steady_clock;

// A loaded machine hashes slowly; a host that hangs must still not hang the tests.
constexpr auto patience = std::chrono::seconds(20);

}  // namespace

Terminal::Terminal(std::vector<std::string> program, const std::string& user) {
  const std::string name = program.front();
  const Start start(std::move(program), user);
  child_ = forkpty(&fd_, nullptr, nullptr, nullptr);
  if (child_ < 0) throw std::runtime_error("no terminal for " + name);
  if (child_ == 0) start.become();
}

Terminal::~Terminal() {
  if (fd_ >= 0) (void)close(fd_);
  if (child_ <= 0) return;
  (void)kill(child_, SIGKILL);
  (void)waitpid(child_, nullptr, 0);
}

Terminal& Terminal::expect(const std::string& text) {
  const auto deadline = steady_clock::now() + patience;
  for (;;) {
    const auto found = seen_.find(text, read_up_to_);
    if (found != std::string::npos) {
      read_up_to_ = found + text.size();
      return *this;
    }
    if (!take(deadline)) give_up("expected \"" + text + "\"");
  }
}

Terminal& Terminal::press(const std::string& keys) {
  if (write(fd_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    give_up("cannot type");
  return *this;
}

int Terminal::end() {
  const auto deadline = steady_clock::now() + patience;
  while (take(deadline)) {}
  if (steady_clock::now() >= deadline) give_up("expected it to end");
  return status_of(std::exchange(child_, -1));
}

int Terminal::interrupt() {
  const auto deadline = steady_clock::now() + patience;
  bool ended = false;
  while (!ended && steady_clock::now() < deadline) {
    press(control_c);
    const auto again = steady_clock::now() + std::chrono::milliseconds(500);
    while (take(again)) {}
    ended = steady_clock::now() < again;
  }
  if (!ended) give_up("expected ^C to end it");
  return status_of(std::exchange(child_, -1));
}

int Terminal::hang_up() {
  (void)close(std::exchange(fd_, -1));
  const auto deadline = steady_clock::now() + patience;
  siginfo_t ended{};
  while (waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0) {
    if (steady_clock::now() >= deadline) give_up("expected it to end when hung up");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status_of(std::exchange(child_, -1));
}

int Terminal::times(const std::string& text) const {
  int count = 0;
  for (auto at = seen_.find(text); at != std::string::npos; at = seen_.find(text, at + 1)) ++count;
  return count;
}

bool Terminal::take(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  pollfd wanted{fd_, POLLIN, 0};
  if (left.count() <= 0 || poll(&wanted, 1, static_cast<int>(left.count())) <= 0) return false;
  char buffer[4096];
  // EIO: the last process with this terminal has ended.
  const ssize_t n = read(fd_, buffer, sizeof buffer);
  if (n <= 0) return false;
  seen_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

void Terminal::give_up(const std::string& why) const {
  throw std::runtime_error(why + "; the terminal shows:\n" + seen_);
}
