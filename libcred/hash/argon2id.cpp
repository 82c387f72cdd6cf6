#include "hash/argon2id.hpp"

#include <algorithm>
#include <argon2.h>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <sodium.h>
#include <thread>

namespace cred::hash {
namespace {

std::atomic<std::uint64_t> tags_computed{0};

// libargon2's allocation callbacks carry no context; they run on the calling
// thread, before and after its workers.
thread_local Arena* lent_arena = nullptr;

int borrow(uint8_t** memory, size_t size) {
  const auto lent = lent_arena->at_least(size);
  *memory = reinterpret_cast<uint8_t*>(lent.data());
  return lent.empty() ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

// libargon2 has wiped what it used by now.
void give_back(uint8_t*, size_t) {}

struct Inputs {
  std::span<const std::byte> password;
  std::span<const std::byte> salt;
  std::span<const std::byte> secret;
  std::span<const std::byte> associated_data;
};

uint8_t* unsigned_bytes(std::span<const std::byte> bytes) {
  // libargon2's context is not const-correct; it only reads these.
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(bytes.data()));
}

// A hash that libargon2 computes, while it lives. There are as many at once as cores:
// more would only push one another out of the caches. The rest wait for a core here.
class UnderWay {
 public:
  UnderWay() {
    std::unique_lock lock(mutex);
    free.wait(lock, [] { return count < cores(); });
    share_ = cores() / ++count;
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    {
      const std::lock_guard lock(mutex);
      --count;
    }
    free.notify_one();
  }

  // Alone it is done soonest on all cores. Among others more threads would only wait for
  // one another: libargon2 starts and joins one for each lane four times a pass.
  std::uint32_t threads(std::uint32_t lanes) const { return std::min(share_, lanes); }

 private:
  static std::uint32_t cores() {
    static const std::uint32_t number = std::max(1U, std::thread::hardware_concurrency());
    return number;
  }
  static inline std::mutex mutex;
  static inline std::condition_variable free;
  static inline std::uint32_t count = 0;
  std::uint32_t share_ = 1;
};

int by_libargon2(const Inputs& in, const Parameters& p, Arena& arena, std::span<std::byte> tag) {
  const UnderWay hash;
  argon2_context context{};
  context.out = reinterpret_cast<uint8_t*>(tag.data());
  context.outlen = static_cast<uint32_t>(tag.size());
  context.pwd = unsigned_bytes(in.password);
  context.pwdlen = static_cast<uint32_t>(in.password.size());
  context.salt = unsigned_bytes(in.salt);
  context.saltlen = static_cast<uint32_t>(in.salt.size());
  context.secret = unsigned_bytes(in.secret);
  context.secretlen = static_cast<uint32_t>(in.secret.size());
  context.ad = unsigned_bytes(in.associated_data);
  context.adlen = static_cast<uint32_t>(in.associated_data.size());
  context.t_cost = p.passes;
  context.m_cost = p.memory;
  context.lanes = p.lanes;
  context.threads = hash.threads(p.lanes);
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = borrow;
  context.free_cbk = give_back;
  context.flags = ARGON2_DEFAULT_FLAGS;
  lent_arena = &arena;
  const int result = argon2id_ctx(&context);
  lent_arena = nullptr;
  return result;
}

int by_libsodium(const Inputs& in, const Parameters& p, std::span<std::byte> tag) {
  return crypto_pwhash_argon2id(
      reinterpret_cast<unsigned char*>(tag.data()), tag.size(),
      reinterpret_cast<const char*>(in.password.data()), in.password.size(),
      reinterpret_cast<const unsigned char*>(in.salt.data()), p.passes,
      std::size_t{p.memory} * 1024, crypto_pwhash_argon2id_alg_argon2id13());
}

bool matches_rfc9106_vector() {
  // RFC 9106 §5.3: Argon2id, 32 KiB, 3 passes, 4 lanes.
  std::array<std::byte, 32> password{};
  std::array<std::byte, 16> salt{};
  std::array<std::byte, 8> secret{};
  std::array<std::byte, 12> associated_data{};
  password.fill(std::byte{0x01});
  salt.fill(std::byte{0x02});
  secret.fill(std::byte{0x03});
  associated_data.fill(std::byte{0x04});
  constexpr std::array<unsigned char, 32> expected{0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c,
                                                   0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9,
                                                   0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e,
                                                   0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59};
  Arena arena;
  std::array<std::byte, 32> tag{};
  return by_libargon2({password, salt, secret, associated_data}, {32, 3, 4}, arena, tag) ==
             ARGON2_OK &&
         std::memcmp(tag.data(), expected.data(), tag.size()) == 0;
}

bool libraries_agree() {
  constexpr Parameters one_lane{16, 2, 1};
  const std::array<std::byte, 3> password{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  std::array<std::byte, salt_bytes> salt{};
  salt.fill(std::byte{0x5a});
  const Inputs in{password, salt, {}, {}};
  Arena arena;
  std::array<std::byte, tag_bytes> sodium{};
  std::array<std::byte, tag_bytes> reference{};
  return by_libsodium(in, one_lane, sodium) == 0 &&
         by_libargon2(in, one_lane, arena, reference) == ARGON2_OK && sodium == reference;
}

const Expected<void>& first_use() {
  static const Expected<void> result = self_test();
  return result;
}

}  // namespace

Expected<void> self_test() {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  if (!matches_rfc9106_vector())
    return fail(Code::internal, "the Argon2id self-test failed: RFC 9106's vector does not match");
  if (!libraries_agree())
    return fail(Code::internal, "the Argon2id self-test failed: libsodium and libargon2 differ");
  return {};
}

Expected<void> argon2id(std::span<const std::byte> password, std::span<const std::byte> salt,
                        const Parameters& parameters, Arena& arena, std::span<std::byte> tag) {
  if (const auto& tested = first_use(); !tested) return tl::make_unexpected(tested.error());
  if (auto bounded = demandable(parameters); !bounded) return bounded;
  if (salt.size() != salt_bytes || tag.size() < 16 || tag.size() > 64)
    return fail(Code::internal, "Argon2id takes a 16-byte salt and makes 16 to 64 bytes");
  tags_computed.fetch_add(1, std::memory_order_relaxed);
  const Inputs in{password, salt, {}, {}};
  // libsodium maps and wipes memory of its own; only libargon2 can be lent some.
  const int result = parameters.lanes == 1 ? by_libsodium(in, parameters, tag)
                                           : by_libargon2(in, parameters, arena, tag);
  if (result == 0) return {};
  return fail(Code::unavailable,
              result == ARGON2_THREAD_FAIL
                  ? "Argon2id could not start its threads: raise the process limit"
                  : "Argon2id could not get its memory: lower hash.memory or free some");
}

std::uint64_t computed() noexcept { return tags_computed.load(std::memory_order_relaxed); }

}  // namespace cred::hash
