// A program that uses PAM: a private service directory, a scripted conversation
// and the real libpam.
#pragma once

#include "scripted_credd.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <security/pam_appl.h>

// What the person does at a prompt.
struct Answer {
  Answer(const char* typed) : text(typed) {}
  Answer(std::string typed) : text(std::move(typed)) {}
  static Answer failing(int code) {
    Answer a("");
    a.code = code;
    return a;
  }
  static Answer nothing() {
    Answer a("");
    a.text.reset();
    return a;
  }

  std::optional<std::string> text;
  int code = PAM_SUCCESS;
};

// What one call of libpam did, as the host saw it.
struct Result {
  int code = -1;
  std::vector<std::string> said;  // "ask: ", "echo: ", "error: " or "info: " and the text
  std::vector<std::string> log;   // "<priority> text"
  unsigned delay = 0;             // microseconds asked for
};

class Host {
 public:
  // `stack` holds the lines of a service file.
  explicit Host(const std::string& stack, const char* user = "ann", const char* service = "host");
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Result authenticate(std::deque<Answer> answers, int flags = 0);
  Result account(int flags = 0);
  Result change(std::deque<Answer> answers, int flags = 0);
  Result run(const std::function<int(pam_handle_t*)>& call, std::deque<Answer> answers = {});
  // Every prompt gets this, whatever it asks.
  void answer_blindly(std::string text) { blind_ = std::move(text); }
  pam_handle_t* handle() { return pamh_; }

 private:
  static int converse(int count, const pam_message** messages, pam_response** responses,
                      void* self);
  static void delayed(int, unsigned microseconds, void* self);

  TemporaryDirectory directory_;
  pam_handle_t* pamh_ = nullptr;
  std::deque<Answer> answers_;
  std::optional<std::string> blind_;
  Result result_;
};

// Service-file lines for the four stacks with this module alone.
std::string stack(const ScriptedCredd& credd, const std::string& arguments = "");
std::string stack_of(const std::string& module, const std::string& arguments);

// Runs `body` in a forked child whose real user is `uid`, its effective one unchanged.
Result in_child(const std::function<Result()>& body, std::optional<unsigned> uid = std::nullopt);

// The log lines of the calling thread since the last call.
std::vector<std::string> taken_log();

bool has(const std::vector<std::string>& lines, const std::string& line);
bool mentions(const std::vector<std::string>& lines, const std::string& part);
std::size_t open_descriptors();
std::string file_text(const std::string& path);
// The number that /proc/self/status gives for `field`, or -1.
long status_number(const std::string& field);
