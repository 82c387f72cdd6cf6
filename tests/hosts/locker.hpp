// Screen lockers: one PAM handle for many tries, nothing but pam_authenticate, every
// prompt answered with what was typed last.
#pragma once

#include "machine.hpp"

#include <chrono>
#include <functional>
#include <string>

#include <security/pam_appl.h>

class Locker {
 public:
  explicit Locker(const Person& person, const std::string& service = "locker");
  ~Locker() { (void)pam_end(pamh_, last_); }
  Locker(const Locker&) = delete;
  Locker& operator=(const Locker&) = delete;

  int unlock(const std::string& typed);
  int prompts() const { return prompts_; }

 private:
  static int converse(int count, const pam_message** messages, pam_response** responses,
                      void* self);

  pam_handle_t* pamh_ = nullptr;
  int last_ = PAM_SUCCESS;
  int prompts_ = 0;
  std::string typed_;
};

// A locker in a process of its own, without a terminal, which can gain no rights. It
// keeps its handle until it ends.
class LockerProgram {
 public:
  // Runs as `user`; `shape` alters the process before it uses PAM.
  LockerProgram(const Person& person, const std::string& user,
                const std::function<void()>& shape = {}, const std::string& service = "locker");
  explicit LockerProgram(const Person& person) : LockerProgram(person, person.name) {}
  ~LockerProgram();
  LockerProgram(const LockerProgram&) = delete;
  LockerProgram& operator=(const LockerProgram&) = delete;

  // libpam's code. Throws when the program has ended or does not answer in time.
  int unlock(const std::string& typed);
  // Of the last try.
  int prompts() const { return prompts_; }
  std::chrono::milliseconds took() const { return took_; }

 private:
  int child_ = -1;
  int fd_ = -1;
  int prompts_ = 0;
  std::chrono::milliseconds took_{};
};
