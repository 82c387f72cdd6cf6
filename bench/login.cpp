// Times whole logins through the stacks that login.sh makes, by turns: for each a new process
// starts PAM, authenticates and ends PAM. What an empty stack takes is subtracted.
//
// Usage: bench_login TURNS USER PASSWORD     (a password for the bench alone)

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <security/pam_appl.h>

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench_login: %s failed\n", what);
  std::exit(1);
}

int answer(int count, const pam_message**, pam_response** responses, void* password) {
  auto* all =
      static_cast<pam_response*>(std::calloc(static_cast<std::size_t>(count), sizeof **responses));
  for (int i = 0; i < count; ++i) all[i].resp = strdup(static_cast<const char*>(password));
  *responses = all;
  return PAM_SUCCESS;
}

// How long `service` takes to let the user in.
double login(const char* service, const char* user, char* password) {
  std::array<int, 2> ends{};
  require(pipe(ends.data()) == 0, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    const auto start = Clock::now();
    const pam_conv conversation{answer, password};
    pam_handle_t* pamh = nullptr;
    int code = pam_start(service, user, &conversation, &pamh);
    if (code == PAM_SUCCESS) code = pam_authenticate(pamh, 0);
    (void)pam_end(pamh, code);
    const double took = Milliseconds(Clock::now() - start).count();
    const bool told = write(ends[1], &took, sizeof took) == sizeof took;
    _exit(code == PAM_SUCCESS && told ? 0 : 1);
  }
  double took = 0;
  const bool told = read(ends[0], &took, sizeof took) == sizeof took;
  int status = 0;
  require(waitpid(child, &status, 0) == child && status == 0 && told, service);
  (void)close(ends[0]);
  (void)close(ends[1]);
  return took;
}

double at(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

struct Stack {
  const char* service;
  const char* what;
  std::vector<double> times{};
  std::vector<double> ratios{};
};

}  // namespace

int main(int argc, char** argv) {
  require(argc == 4, "usage: bench_login TURNS USER PASSWORD");
  const int turns = std::max(1, std::atoi(argv[1]));
  Stack empty{"bench-empty", "pam_permit"};
  Stack unix{"bench-unix", "pam_unix, yescrypt, 16 MiB"};
  Stack service{"bench-service", "pam_cred, 64 MiB, through credd"};
  Stack alone{"bench-alone", "pam_cred, 64 MiB, without a service"};
  for (int turn = -1; turn < turns; ++turn) {
    for (Stack* stack : {&empty, &unix, &service, &alone}) {
      const double took = login(stack->service, argv[2], argv[3]);
      if (turn < 0) continue;  // the first is not counted
      stack->times.push_back(took);
      // A machine that is idle between logins is what a user meets.
      (void)usleep(20'000);
    }
    if (turn < 0) continue;
    const double nothing = empty.times.back();
    for (Stack* stack : {&unix, &service, &alone})
      stack->ratios.push_back((stack->times.back() - nothing) / (unix.times.back() - nothing));
  }
  for (const Stack* stack : {&empty, &unix, &service, &alone}) {
    std::printf("  %-38s %6.2f ms", stack->what, at(stack->times, 0.5));
    if (!stack->ratios.empty())
      std::printf("   %5.2f of pam_unix (%.2f to %.2f)", at(stack->ratios, 0.5),
                  at(stack->ratios, 0.25), at(stack->ratios, 0.75));
    std::printf("\n");
  }
  return 0;
}
