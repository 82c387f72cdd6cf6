// Preloaded into credctl: sees every Argon2id computation before it is made. The
// self-test's are told apart by their memory, which no password's hash may have. Only what
// the libraries compute can be seen: CRED_ARGON2=sodium belongs to it.
//
// CRED_TEST_HASHES=FILE     a byte is appended to FILE for each
// CRED_TEST_MEET=FILE:N     the first one waits until N processes have come so far
// CRED_TEST_DIE=1           the process is killed where the first one would begin

#include <argon2.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::size_t self_test_kib = 32;

void append_byte(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, ".", 1) != 1) abort();
  (void)close(fd);
}

void meet(const std::string& file, long others) {
  append_byte(file);
  struct stat status {};
  const timespec pause{0, 1'000'000};
  for (int i = 0; i < 10'000; ++i) {
    if (stat(file.c_str(), &status) == 0 && status.st_size >= others) return;
    (void)nanosleep(&pause, nullptr);
  }
  abort();
}

void note(std::size_t kib) {
  if (kib <= self_test_kib) return;
  if (getenv("CRED_TEST_DIE") != nullptr) (void)raise(SIGKILL);
  if (const char* file = getenv("CRED_TEST_HASHES")) append_byte(file);
  static bool met = false;
  const char* where = getenv("CRED_TEST_MEET");
  if (where == nullptr || met) return;
  met = true;
  const char* colon = std::strrchr(where, ':');
  meet(std::string(where, colon), std::strtol(colon + 1, nullptr, 10));
}

template <typename Function>
Function* real(const char* name) {
  void* symbol = dlsym(RTLD_NEXT, name);
  if (symbol == nullptr) abort();
  return reinterpret_cast<Function*>(symbol);
}

}  // namespace

#pragma GCC visibility push(default)

extern "C" int argon2id_ctx(argon2_context* context) {
  note(context->m_cost);
  return real<int(argon2_context*)>("argon2id_ctx")(context);
}

extern "C" int crypto_pwhash_argon2id(unsigned char* out, unsigned long long out_length,
                                      const char* password, unsigned long long length,
                                      const unsigned char* salt, unsigned long long passes,
                                      std::size_t memory, int algorithm) {
  note(memory / 1024);
  return real<int(unsigned char*, unsigned long long, const char*, unsigned long long,
                  const unsigned char*, unsigned long long, std::size_t, int)>(
      "crypto_pwhash_argon2id")(out, out_length, password, length, salt, passes, memory, algorithm);
}
