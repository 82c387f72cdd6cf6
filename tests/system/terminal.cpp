#include "terminal.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <poll.h>
#include <pty.h>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace {

[[noreturn]] void become(const Launch& launch) {
  std::vector<char*> words;
  for (const auto& word : launch.argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  (void)execvp(words[0], words.data());
  _exit(127);
}

void type(int terminal, const std::string& line) {
  const std::string text = line + "\n";
  REQUIRE(write(terminal, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

}  // namespace

Finished converse(const Launch& launch, const std::vector<Reply>& replies) {
  constexpr int patience = 90'000;
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) become(launch);
  Finished done;
  std::size_t read_up_to = 0;
  auto reply = replies.begin();
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd ready{terminal, POLLIN, 0};
    if (poll(&ready, 1, patience) <= 0) {
      (void)kill(child, SIGKILL);
      break;
    }
    // A terminal that nobody has open any more fails to be read.
    const ssize_t n = read(terminal, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done.out.append(buffer.data(), static_cast<std::size_t>(n));
    if (reply == replies.end()) continue;
    const auto at = done.out.find(reply->prompt, read_up_to);
    if (at == std::string::npos) continue;
    read_up_to = at + reply->prompt.size();
    type(terminal, reply->typed);
    ++reply;
  }
  (void)close(terminal);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status)) done.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) done.signal = WTERMSIG(status);
  INFO(done.out);
  CHECK(reply == replies.end());
  return done;
}
