// Starts `credd --stdio` for each connection to a socket, so that the demonstration
// needs no installed credd.
#pragma once

#include <string>
#include <sys/types.h>

namespace demo {

// Listens in a child process until `stop`.
class Inetd {
 public:
  Inetd(const std::string& socket, const std::string& configuration);
  Inetd(const Inetd&) = delete;
  Inetd& operator=(const Inetd&) = delete;
  ~Inetd();

 private:
  pid_t child_ = -1;
};

}  // namespace demo
