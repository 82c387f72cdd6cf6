#include "broker/sandbox.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>

namespace cred::broker {
namespace {

constexpr std::array allowed{
    // files, which SQLite, lists, the configuration, name services and catalogs need
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat),
    SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs),
    SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(flock), SCMP_SYS(dup),
    SCMP_SYS(dup3), SCMP_SYS(umask), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(chmod),
    SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchown), SCMP_SYS(fadvise64),
    SCMP_SYS(utimensat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    // sockets; which kinds of them is below
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
    SCMP_SYS(shutdown),
    // the event loop
    SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
    // memory; which is below
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
    SCMP_SYS(munlock), SCMP_SYS(brk), SCMP_SYS(membarrier),
    // threads, time and signals
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(restart_syscall), SCMP_SYS(arch_prctl), SCMP_SYS(tgkill),
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    // who and where this is
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getgroups),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit), SCMP_SYS(getrusage)};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// The first that fails ends it.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}
  void allow(int call) { add(SCMP_ACT_ALLOW, call, {}); }
  void allow(int call, scmp_arg_cmp condition) { add(SCMP_ACT_ALLOW, call, condition); }
  void refuse(int call, int error) { add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, {}); }
  int error() const { return error_; }

 private:
  void add(std::uint32_t action, int call, std::optional<scmp_arg_cmp> condition) {
    if (error_ != 0) return;
    error_ = -(condition ? seccomp_rule_add_array(filter_, action, call, 1, &*condition)
                         : seccomp_rule_add_array(filter_, action, call, 0, nullptr));
  }
  scmp_filter_ctx filter_;
  int error_ = 0;
};

// That argument `number`, taken with `mask`, is `value`.
scmp_arg_cmp argument(unsigned number, std::uint64_t mask, std::uint64_t value) {
  return {number, SCMP_CMP_MASKED_EQ, mask, value};
}

constexpr std::uint64_t whole = 0xffffffff;

}  // namespace

Expected<void> enter_sandbox(Network network) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) return fail(Code::configuration, "no memory for a seccomp filter");
  Rules rules(filter.get());
  for (const int call : allowed) rules.allow(call);
  rules.allow(SCMP_SYS(socket), argument(0, whole, AF_UNIX));
  if (network == Network::reached)
    for (const int family : {AF_INET, AF_INET6})
      rules.allow(SCMP_SYS(socket), argument(0, whole, static_cast<std::uint64_t>(family)));
  for (const int request : {FIONBIO, FIONREAD, TCGETS})
    rules.allow(SCMP_SYS(ioctl), argument(1, whole, static_cast<std::uint64_t>(request)));
  // Memory is writable or executable.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2)}) {
    rules.allow(call, argument(2, PROT_EXEC, 0));
    rules.allow(call, argument(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
  }
  rules.allow(SCMP_SYS(mprotect), argument(2, PROT_EXEC, 0));
  // Threads, no processes. The newer call hides its flags from a filter: libc takes the
  // older one where there is none.
  rules.allow(SCMP_SYS(clone), argument(0, CLONE_THREAD, CLONE_THREAD));
  rules.refuse(SCMP_SYS(clone3), ENOSYS);
  // Limits are read, not set.
  rules.allow(SCMP_SYS(prlimit64), {2, SCMP_CMP_EQ, 0, 0});
  const int failed = rules.error() != 0 ? rules.error() : -seccomp_load(filter.get());
  if (failed != 0)
    return fail(Code::configuration, std::string("no seccomp filter: ") + std::strerror(failed));
  return {};
}

}  // namespace cred::broker
