// The machine inside the sandbox: its accounts, its PAM services, its log.
#pragma once

#include "process.hpp"

#include <string>
#include <vector>

// A person with a login on this machine and an account in realm system.
struct Person {
  std::string name;
  std::string password;
};

// Passwords that the policy takes and that are not like each other.
inline const std::string first_password = "Harvest7moon";
inline const std::string second_password = "Quartz94river";
inline const std::string third_password = "Lanterns52below";
inline const std::string wrong_password = "Wrong6Guess99";
inline const std::string weak_password = "short1A";

// A new person each time, whose password is `first_password`.
Person newcomer();
// Somebody with a login who starts programs for others; not in the store.
const std::string& visitor();

// Whether credd runs as a service (CRED_TEST_SERVICE is set). Otherwise each host starts
// one of its own.
bool through_service();
// While it lives the service is stopped, as `systemctl stop` leaves it, or was killed and
// left its socket behind.
class ServiceAway {
 public:
  enum class How { stopped, killed };
  explicit ServiceAway(How how = How::stopped);
  ~ServiceAway();
  ServiceAway(const ServiceAway&) = delete;
  ServiceAway& operator=(const ServiceAway&) = delete;
};

// credctl's outcome; `credctl` alone throws when it does not succeed.
Outcome try_credctl(std::vector<std::string> arguments, const std::string& input = "");
void credctl(std::vector<std::string> arguments, const std::string& input = "");
// Whether `password` lets `person` in, as `credctl verify` says: 0 yes, 1 no, 3
// only to change it, 4 the account is locked. Counts as an attempt.
int verdict_on(const Person& person, const std::string& password);
// A number that `credctl status --json` gives.
long status_number(const Person& person, const std::string& field);

// What was sent to /dev/log since the last call, one message a line.
std::string taken_log();

void write_file(const std::string& path, const std::string& text, unsigned mode = 0644);
