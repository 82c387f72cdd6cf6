#include "vault/key_source.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>

namespace cred::vault {
namespace {

constexpr const char* systemd_asker = "/usr/bin/systemd-ask-password";

// Between fork and exec of a process that may have threads: system calls alone.
[[noreturn]] void become(const char* program, char* const* arguments, int input, int output) {
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
  char* const environment[] = {nullptr};
  if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
    (void)execve(program, arguments, environment);
  }
  _exit(127);
}

// All that the program writes, but nothing beyond the buffer.
std::optional<std::size_t> read_all(int fd, Secret& buffer) {
  std::size_t length = 0;
  for (;;) {
    const ssize_t got = read(fd, buffer.uchars() + length, buffer.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    length += static_cast<std::size_t>(got);
    if (got == 0 || length == buffer.size()) return length;
  }
}

}  // namespace

void strip_newline(Secret& line) {
  if (!line.empty() && line.bytes().back() == std::byte{'\n'}) line.shrink(line.size() - 1);
}

const char* system_asker() {
  const bool there = geteuid() == 0 && access("/run/systemd/system", F_OK) == 0 &&
                     access(systemd_asker, X_OK) == 0;
  return there ? systemd_asker : nullptr;
}

Expected<Secret> ask_by_program(const char* program, const std::string& prompt) {
  // Room for a newline, and for one byte that shows that it is too long.
  Secret line(max_passphrase_bytes + 2);
  if (!line.ok()) return fail(Code::unavailable, "no memory for a passphrase");
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Code::unavailable, std::string("cannot run ") + program + because());
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::string name(program);
  std::string text(prompt.substr(0, prompt.find_last_not_of(' ') + 1));
  char* const arguments[] = {name.data(), text.data(), nullptr};
  const pid_t child = nothing.get() < 0 ? -1 : fork();
  if (child < 0) return fail(Code::unavailable, std::string("cannot run ") + program + because());
  if (child == 0) become(program, arguments, nothing.get(), writing.get());
  writing.close();
  const auto length = read_all(reading.get(), line);
  reading.close();  // or a program that writes on would never end
  // A host that ignores SIGCHLD leaves no status: the newline shows that it went well.
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  const bool whole = length && *length > 1 && *length < line.size() &&
                     line.bytes()[*length - 1] == std::byte{'\n'};
  if (!whole || status != 0)
    return fail(Code::unavailable,
                std::string(program) + " brought no passphrase of at most 1,024 bytes");
  line.shrink(*length);
  strip_newline(line);
  return line;
}

Expected<Answer> obtain(const Question& question, const AskSecret& ask, const char* asker) {
  auto credential =
      find_credential(question.credential, "the credential", {1, max_passphrase_bytes});
  if (!credential) return tl::make_unexpected(credential.error());
  if (*credential) return Answer{std::move(**credential), From::credential};
  if (!ask && asker == nullptr)
    return fail(Code::unavailable,
                "nobody can be asked for the " + question.name + ": " + question.how);
  auto answer = ask ? ask(question.prompt) : ask_by_program(asker, question.prompt);
  if (!answer) return tl::make_unexpected(answer.error());
  return Answer{std::move(*answer), ask ? From::person : From::program};
}

}  // namespace cred::vault
