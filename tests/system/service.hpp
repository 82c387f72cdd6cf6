// credd as a service on a site's own socket, and callers of it.
#pragma once

#include "site.hpp"

#include "wire/channel.hpp"
#include "wire/message.hpp"

#include <functional>
#include <sys/types.h>

inline constexpr int patience_ms = 60'000;

// Names the socket in the site's directory.
std::string socket_setting(const Site& site);
// That, the cheapest hash, more attempts than any test makes, and `more`.
std::string service_settings(const Site& site, const std::string& more = {});
// Whether the long form of the tests is wanted (CRED_SOAK is set).
bool soaking();

// Closed when nobody listens there.
cred::wire::Channel connect_to(const std::string& socket);

class Credd {
 public:
  // Serves when it is made. `before` is put before its words, as in prlimit.
  explicit Credd(const Site& site, std::vector<std::string> before = {},
                 std::vector<std::string> environment = {});
  const std::string& socket() const { return socket_; }
  Process& process() { return process_; }
  pid_t pid() const { return process_.pid(); }
  cred::wire::Channel connect() const { return connect_to(socket_); }
  // A number of kB in /proc/PID/status.
  long memory_kib(const std::string& field) const;

 private:
  std::string socket_;
  Process process_;
};

// A listening socket that outlives each credd, as systemd holds it.
class HandedOver {
 public:
  explicit HandedOver(const Site& site);
  ~HandedOver();
  HandedOver(const HandedOver&) = delete;
  HandedOver& operator=(const HandedOver&) = delete;
  const std::string& path() const { return path_; }
  // A credd that gets it as systemd hands it over.
  Launch credd(const Site& site) const;

 private:
  std::string path_;
  int fd_;
};

struct Heard {
  bool came = false;
  cred::Code code = cred::Code::internal;
  cred::wire::Reason reason = cred::wire::Reason::none;
  std::string messages;
};

// What root asks for itself. The views are into what the caller owns.
cred::wire::Request asking(cred::wire::Kind kind, std::string_view account,
                           std::string_view password);
// What a program of root asks for a person at `host`.
cred::wire::Request asking_from(std::string_view host, cred::wire::Kind kind,
                                std::string_view account, std::string_view password);

bool tell(cred::wire::Channel& channel, const cred::wire::Request& request);
Heard hear(cred::wire::Channel& channel, int timeout_ms = patience_ms);
Heard ask(cred::wire::Channel& channel, const cred::wire::Request& request,
          int timeout_ms = patience_ms);
// On a connection of its own.
Heard log_in(const Credd& credd, std::string_view account, std::string_view password,
             std::string_view host = {});

// Runs `work` in a child as `user`, with one more group if any; gives its exit status.
int as_user(const std::string& user, const std::function<int()>& work, const char* group = nullptr);
