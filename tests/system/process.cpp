#include "process.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

int anonymous_file(const std::string& content) {
  const int fd = memfd_create("stream", MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("memfd_create failed");
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0) throw std::runtime_error("writing a child's input failed");
    done += static_cast<std::size_t>(n);
  }
  (void)lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string content_of(int fd) {
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  if (pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("reading a child's output failed");
  return text;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const auto& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

// Between fork and exec: nothing but system calls.
[[noreturn]] void become(const Launch& launch, int in, int out, int err, char* const* argv,
                         char* const* environment) {
  (void)setsid();  // no terminal to ask on
  if (launch.closed_input)
    (void)close(STDIN_FILENO);
  else
    (void)dup2(in, STDIN_FILENO);
  (void)dup2(out, STDOUT_FILENO);
  (void)dup2(err, STDERR_FILENO);
  if (launch.core_dumps) {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_CORE, &unlimited);
  }
  if (!launch.directory.empty() && chdir(launch.directory.c_str()) != 0) _exit(126);
  (void)execvpe(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

Process::Process(const Launch& launch) {
  const int in = launch.input_fd >= 0 ? launch.input_fd : anonymous_file(launch.input);
  out_ = anonymous_file("");
  err_ = anonymous_file("");
  std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  environment.insert(environment.end(), launch.environment.begin(), launch.environment.end());
  const auto argv = pointers(launch.argv);
  const auto envp = pointers(environment);
  pid_ = fork();
  if (pid_ == 0) become(launch, in, out_, err_, argv.data(), envp.data());
  if (launch.input_fd < 0) (void)close(in);
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)) {}

Process::~Process() {
  if (pid_ > 0) {
    kill(SIGKILL);
    (void)waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {out_, err_})
    if (fd >= 0) (void)close(fd);
}

void Process::kill(int signal) const { (void)::kill(pid_, signal); }

bool Process::running() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

bool Process::wait_for_memory(long kib) const {
  const std::string path = "/proc/" + std::to_string(pid_) + "/status";
  while (running()) {
    std::ifstream status(path);
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:") && std::stol(line.substr(6)) >= kib) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

Finished Process::wait() {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > give_up) {
      kill(SIGKILL);
      (void)waitpid(pid_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  pid_ = -1;
  Finished finished;
  if (WIFEXITED(status)) finished.exit = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) {
    finished.signal = WTERMSIG(status);
    finished.dumped_core = WCOREDUMP(status);
  }
  finished.out = content_of(out_);
  finished.err = content_of(err_);
  return finished;
}

Finished run(const Launch& launch) { return Process(launch).wait(); }

Finished shell(const std::string& script, std::vector<std::string> arguments) {
  Launch launch;
  launch.argv = {"sh", "-euc", script, "sh"};
  launch.argv.insert(launch.argv.end(), arguments.begin(), arguments.end());
  return run(launch);
}
