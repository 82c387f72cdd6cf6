// A credd that says what a test wants, for what a real one cannot be brought to
// say at will: rubbish, silence, every code.
#pragma once

#include "wire/message.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A reply with messages.
cred::wire::Reply says(cred::Code code, cred::wire::Reason reason = cred::wire::Reason::none,
                       std::vector<std::string_view> messages = {});

// The one account that it knows, and what it says about it.
struct World {
  std::string name = "ann";
  std::string password = "Correct7horse";
  cred::wire::Reply authenticated = says(cred::Code::accepted);
  cred::wire::Reply refused = says(cred::Code::refused);
  cred::wire::Reply account = says(cred::Code::accepted);
  std::vector<cred::wire::Reply> checks{says(cred::Code::accepted)};  // the last one stays
  cred::wire::Reply change = says(cred::Code::accepted);
  cred::wire::Reply session = says(cred::Code::accepted);
  cred::wire::Reply enrolled = says(cred::Code::accepted);
  std::optional<cred::wire::Kind> silent_at;   // hangs up on such a request
  std::optional<cred::wire::Kind> rubbish_at;  // answers it with no reply
};

struct Seen {
  cred::wire::Kind kind;
  std::string realm, account, service, tty, rhost, ruser, old_password, password;
  bool passwordless = false;
};

class ScriptedCredd {
 public:
  explicit ScriptedCredd(World world = {});
  ~ScriptedCredd();

  const std::string& socket() const { return socket_; }
  void become(World world);
  // Answers each connection with `act` in place of a reply.
  void act(std::function<void(int fd)> act);
  std::vector<Seen> seen() const;
  std::vector<cred::wire::Kind> kinds() const;
  // For long runs, whose memory is measured.
  void keep_no_record();
  // Waits until its end of every connection is closed, which it is a moment after
  // the module has its answer.
  void wait_until_idle() const;

 private:
  void serve();
  void converse(int fd);
  cred::wire::Reply answer(const cred::wire::Request& request);

  TemporaryDirectory directory_;
  std::string socket_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  mutable std::mutex mutex_;
  World world_;
  std::function<void(int)> act_;
  std::vector<Seen> seen_;
  bool recording_ = true;
  std::size_t requests_ = 0;
  std::size_t finished_ = 0;
  std::thread thread_;
};
