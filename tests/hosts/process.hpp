// Programs as a person on this machine starts them.
#pragma once

#include <string>
#include <vector>

// What a program printed and how it ended: its exit status, or 128 and the signal.
struct Outcome {
  int status = -1;
  std::string output;  // standard output and standard error together
};

// Turns the calling child process into `program`, as `user`, with a bare
// environment. Nothing but async-signal-safe calls may come before it.
class Start {
 public:
  Start(std::vector<std::string> program, const std::string& user);
  [[noreturn]] void become() const noexcept;

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
  std::vector<std::string> environment_;
  std::vector<char*> envp_;
  std::vector<unsigned> groups_;
  unsigned uid_ = 0;
  unsigned gid_ = 0;
  std::string home_;
};

// Runs `program` without a terminal, gives it `input` and waits for its end.
Outcome run(std::vector<std::string> program, const std::string& input = "",
            const std::string& user = "root");

// The exit status of `child`, which has ended or is about to.
int status_of(int child);
