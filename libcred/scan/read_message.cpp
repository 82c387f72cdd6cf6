#include "scan/read_message.hpp"

#include "base/descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cred::scan {
namespace {

constexpr auto patience = std::chrono::seconds(30);
constexpr std::size_t largest_answer = std::size_t{8} * 1024 * 1024;

// Both ways over one socket: it never waits for what it does not read.
class Conversation {
 public:
  Conversation(int fd, std::span<const char> message) : fd_(fd), message_(message) {}

  // False: out of time, or too long an answer.
  bool run() {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!ended_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0 || answer_.size() > largest_answer) return false;
      const short wish = static_cast<short>(message_.empty() ? POLLIN : POLLIN | POLLOUT);
      pollfd waiting{fd_, wish, 0};
      if (poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
      if ((waiting.revents & POLLOUT) != 0) send_some();
      if ((waiting.revents & (POLLIN | POLLHUP | POLLERR)) != 0) receive_some();
    }
    return true;
  }
  std::string answer() && { return std::move(answer_); }

 private:
  void send_some() {
    const ssize_t sent = send(fd_, message_.data(), message_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) message_ = message_.subspan(static_cast<std::size_t>(sent));
    // A reader that is gone has its answer or none; what is left to send does not matter.
    if (sent < 0 && errno != EAGAIN && errno != EINTR) message_ = {};
    if (message_.empty()) (void)shutdown(fd_, SHUT_WR);
  }
  void receive_some() {
    std::array<char, 65536> buffer;
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0)
      answer_.append(buffer.data(), static_cast<std::size_t>(got));
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
      ended_ = true;
  }
  const int fd_;
  std::span<const char> message_;
  std::string answer_;
  bool ended_ = false;
};

// The process that was started, with `socket` as its standard input and output and no other
// descriptor; negative: an errno.
pid_t start(const std::string& program, int socket) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&files) != 0) return -ENOMEM;
  if (posix_spawnattr_init(&attributes) != 0) {
    posix_spawn_file_actions_destroy(&files);
    return -ENOMEM;
  }
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  (void)posix_spawnattr_setsigmask(&attributes, &none);
  (void)posix_spawnattr_setsigdefault(&attributes, &all);
  (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  (void)posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
  (void)posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
  (void)posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  (void)posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  char name[] = "cred-read-message";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  pid_t child = 0;
  const int error =
      posix_spawn(&child, program.c_str(), &files, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error == 0 ? child : -error;
}

}  // namespace

Expected<std::string> read_message(std::span<const char> message, const std::string& program) {
  const std::string path = program.empty() ? CRED_READER_PATH : program;
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(Code::unavailable,
                std::string("no socket for the reader: ") + std::strerror(errno));
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const pid_t child = start(path, theirs.get());
  theirs.close();
  if (child < 0)
    return fail(Code::unavailable, "cannot start " + path + ": " + std::strerror(-child) +
                                       " (Debian has it in the package cred-milter)");
  Conversation conversation(ours.get(), message);
  const bool in_time = conversation.run();
  if (!in_time) (void)kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!in_time)
    return fail(Code::unavailable, "the message could not be read within 30 s, or is too long");
  if (WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(Code::usage))
    return fail(Code::usage, "the message has more than 32 MiB");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Code::unavailable, "the message could not be read: its reader ended with status " +
                                       std::to_string(status));
  return std::move(conversation).answer();
}

std::string message_id(std::span<const char> message, const std::string& otherwise) {
  constexpr std::size_t longest_header = 65536;
  constexpr std::size_t longest_id = 128;
  constexpr std::string_view name = "message-id:";
  std::string_view header(message.data(), std::min(message.size(), longest_header));
  while (!header.empty() && header.front() != '\r' && header.front() != '\n') {
    const std::size_t end = header.find('\n');
    std::string_view line = header.substr(0, end);
    if (line.size() > name.size() &&
        std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
        })) {
      std::string id;
      for (const char c : line.substr(name.size()))
        if (c > ' ' && c <= '~' && id.size() < longest_id) id += c;
      if (!id.empty() && id != "<>") return id;
    }
    if (end == std::string_view::npos) break;
    header.remove_prefix(end + 1);
  }
  return otherwise;
}

}  // namespace cred::scan
