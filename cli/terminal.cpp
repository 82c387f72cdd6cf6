#include "cli/terminal.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <termios.h>
#include <unistd.h>

namespace cred::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;
extern "C" void note_interrupt(int) { interrupted = 1; }

class Terminal {
 public:
  Terminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (fd_ >= 0) (void)close(fd_);
  }
  bool there() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void print(const char* text, std::size_t length) const {
    while (length > 0) {
      const ssize_t n = write(fd_, text, length);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      text += n;
      length -= static_cast<std::size_t>(n);
    }
  }
  void print(const std::string& text) const { print(text.data(), text.size()); }

 private:
  int fd_;
};

// Echo is off while this lives; ^C comes back as an error, with echo restored.
class Silence {
 public:
  explicit Silence(int fd) : fd_(fd) {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    (void)sigaction(SIGINT, &action, &old_int_);
    (void)sigaction(SIGTERM, &action, &old_term_);
    if (tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    silent_ = tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (silent_) (void)tcsetattr(fd_, TCSAFLUSH, &before_);
    (void)sigaction(SIGINT, &old_int_, nullptr);
    (void)sigaction(SIGTERM, &old_term_, nullptr);
  }
  bool silent() const { return silent_; }

 private:
  int fd_;
  bool silent_ = false;
  termios before_{};
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

tl::unexpected<Error> no_terminal() {
  return fail(Code::usage, "there is no terminal to ask on; give the password with --stdin");
}

// A terminal's line at once, unlike Secret::from_line, so that ^C ends it.
Expected<Secret> read_line(int fd) {
  Secret line(max_password_bytes + 1);
  if (!line.ok()) return fail(Code::unavailable, "no memory for a password");
  const ssize_t got = read(fd, line.uchars(), line.size());
  if (interrupted != 0 || got <= 0) return fail(Code::usage, "interrupted; nothing was changed");
  const auto length = static_cast<std::size_t>(got);
  if (line.bytes()[length - 1] != std::byte{'\n'})
    return fail(Code::usage, "the password is longer than 1,024 bytes");
  line.shrink(length - 1);
  return line;
}

}  // namespace

Expected<Secret> password_from_stdin(const char* what) {
  Secret line;
  switch (Secret::from_line(STDIN_FILENO, line)) {
    case Secret::Line::read: return line;
    case Secret::Line::end:
      return fail(Code::usage, std::string("there is no ") + what + " on standard input");
    case Secret::Line::too_long:
      return fail(Code::usage, std::string("the ") + what + " is longer than 1,024 bytes");
    case Secret::Line::failed: break;
  }
  return fail(Code::usage, std::string("cannot read the ") + what +
                               " from standard input: " + std::strerror(errno));
}

Expected<Secret> ask(const std::string& prompt) {
  const Terminal terminal;
  if (!terminal.there()) return no_terminal();
  const Silence silence(terminal.fd());
  if (!silence.silent()) return no_terminal();
  terminal.print(prompt);
  return read_line(terminal.fd());
}

Expected<Secret> ask_for_new() {
  auto first = ask("New password: ");
  if (!first) return first;
  auto second = ask("Retype new password: ");
  if (!second) return second;
  if (!first->equals(*second)) return fail(Code::usage, "the two passwords differ");
  return first;
}

Expected<void> confirm(const std::string& question) {
  const Terminal terminal;
  if (!terminal.there())
    return fail(Code::usage, "there is no terminal to ask on; give --yes if it is meant");
  terminal.print(question + " Type yes to go on: ");
  constexpr std::size_t longest = 64;
  std::array<char, longest> line{};
  const ssize_t got = read(terminal.fd(), line.data(), line.size());
  const std::string_view answer(line.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (answer != "yes\n") return fail(Code::usage, "nothing was changed");
  return {};
}

void tell(const std::string& text) {
  const Terminal terminal;
  if (terminal.there()) terminal.print(text);
}

Expected<void> check_terminal() {
  if (Terminal().there()) return {};
  return fail(Code::usage,
              "--generate shows the password on the terminal alone, and there is none; use "
              "--stdin");
}

Expected<void> show_once(const std::string& account, const Secret& password) {
  const Terminal terminal;
  if (!terminal.there()) return check_terminal();
  terminal.print("One-time password for " + account + " (shown once): ");
  terminal.print(password.chars(), password.size());
  terminal.print("\n");
  return {};
}

}  // namespace cred::cli
