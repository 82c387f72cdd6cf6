// A person at a terminal: reads what a program asks, types, sees how it ends.
#pragma once

#include "process.hpp"

#include <chrono>
#include <string>
#include <vector>

class Terminal {
 public:
  // Starts `program` as `user` on a terminal of its own.
  explicit Terminal(std::vector<std::string> program, const std::string& user = "root");
  ~Terminal();  // hangs up and ends the program if it is still there
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Waits until `text` appears after what was expected before, and throws with
  // everything seen if it does not, or if the program ends first.
  Terminal& expect(const std::string& text);
  // Types a line, or bare keys.
  Terminal& type(const std::string& line) { return press(line + "\n"); }
  Terminal& press(const std::string& keys);
  // `expect(prompt)`, then `type(line)`.
  Terminal& answer(const std::string& prompt, const std::string& line) {
    return expect(prompt).type(line);
  }
  // Waits for the program's end: its exit status, or 128 and the signal.
  int end();
  // Presses ^C until the program ends: ssh and sudo lose one that comes between their
  // prompt and their read. The status as with `end`.
  int interrupt();
  // Takes the terminal away and waits for the program's end.
  int hang_up();
  // Everything that the program has printed so far.
  const std::string& seen() const { return seen_; }
  // How often `text` was printed.
  int times(const std::string& text) const;

 private:
  // Takes what is there, waiting for it; false: nothing more will come.
  bool take(std::chrono::steady_clock::time_point deadline);
  [[noreturn]] void give_up(const std::string& why) const;

  int fd_ = -1;
  int child_ = -1;
  std::string seen_;
  std::size_t read_up_to_ = 0;
};

inline constexpr char control_c[] = "\x03";
inline constexpr char control_d[] = "\x04";
