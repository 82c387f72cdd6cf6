// Runs a program as a child and collects what it says. Input and output go through
// anonymous files, so that nothing blocks and no test needs a thread.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

struct Finished {
  int exit = -1;   // -1: it was killed
  int signal = 0;  // what killed it
  bool dumped_core = false;
  std::string out;
  std::string err;
};

struct Launch {
  std::vector<std::string> argv{};
  std::string input{};
  bool closed_input = false;               // no standard input at all
  std::vector<std::string> environment{};  // added to PATH and nothing else
  std::string directory{};                 // where it runs; empty: here
  bool core_dumps = false;                 // ulimit -c unlimited
  int input_fd = -1;                       // a descriptor to use in place of `input`
};

class Process {
 public:
  explicit Process(const Launch& launch);
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process& operator=(Process&&) = delete;

  pid_t pid() const { return pid_; }
  void kill(int signal) const;
  bool running() const;
  // Waits until `kib` of its memory are resident; false: it ended before.
  bool wait_for_memory(long kib) const;
  // Kills it when it is not done after a minute and a half.
  Finished wait();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

Finished run(const Launch& launch);
// `script` under sh -eu; "$1" and so on are `arguments`.
Finished shell(const std::string& script, std::vector<std::string> arguments = {});
