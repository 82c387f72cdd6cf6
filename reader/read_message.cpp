// cred-read-message: a message on standard input, its text on standard output. It reads what
// strangers wrote with libraries of some size: before that it gives away whatever it has.

#include "base/code.hpp"
#include "base/process.hpp"
#include "scan/message_text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <memory>
#include <seccomp.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

constexpr uid_t nobody = 65534;

bool give_up_root() {
  if (geteuid() != 0) return true;
  return setgroups(0, nullptr) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
         setresuid(nobody, nobody, nobody) == 0;
}

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  (void)setrlimit(static_cast<__rlimit_resource>(what), &both);
}

// What memory, and the tables of character sets, need: files can be opened to read them.
bool confine() {
  const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                      seccomp_release);
  if (!filter) return false;
  for (const int call : {SCMP_SYS(read),
                         SCMP_SYS(write),
                         SCMP_SYS(close),
                         SCMP_SYS(fstat),
                         SCMP_SYS(newfstatat),
                         SCMP_SYS(stat),
                         SCMP_SYS(lseek),
                         SCMP_SYS(pread64),
                         SCMP_SYS(mmap),
                         SCMP_SYS(munmap),
                         SCMP_SYS(mprotect),
                         SCMP_SYS(mremap),
                         SCMP_SYS(madvise),
                         SCMP_SYS(brk),
                         SCMP_SYS(futex),
                         SCMP_SYS(getrandom),
                         SCMP_SYS(clock_gettime),
                         SCMP_SYS(rt_sigaction),
                         SCMP_SYS(rt_sigprocmask),
                         SCMP_SYS(rt_sigreturn),
                         SCMP_SYS(exit),
                         SCMP_SYS(exit_group),
                         SCMP_SYS(access),
                         SCMP_SYS(getpid),
                         SCMP_SYS(gettid),
                         SCMP_SYS(tgkill),
                         SCMP_SYS(readlink),
                         SCMP_SYS(readlinkat),
                         SCMP_SYS(set_robust_list),
                         SCMP_SYS(rseq),
                         SCMP_SYS(restart_syscall),
                         SCMP_SYS(getdents64)})
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0) return false;
  if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                       SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)) != 0)
    return false;
  return seccomp_load(filter.get()) == 0;
}

bool read_all(std::string& message) {
  for (;;) {
    char buffer[65536];
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    message.append(buffer, static_cast<std::size_t>(got));
    if (message.size() > cred::scan::largest_message)
      std::exit(static_cast<int>(cred::Code::usage));
  }
}

bool write_all(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

int main() {
  cred::harden_process();
  constexpr auto trouble = static_cast<int>(cred::Code::unavailable);
  limit(RLIMIT_AS, rlim_t{1} << 30);
  limit(RLIMIT_CPU, 20);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, 64);
  if (!give_up_root() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return trouble;
  // GLib may start nothing later on.
  (void)cred::scan::message_text({});
  if (!confine()) return trouble;
  std::string message;
  if (!read_all(message)) return trouble;
  const auto text = cred::scan::message_text(message);
  if (!text) return static_cast<int>(text.error().code);
  return write_all(*text) ? 0 : trouble;
}
