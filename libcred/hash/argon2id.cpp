#include "hash/argon2id.hpp"

#include "hash/argon2/compute.hpp"
#include "hash/argon2/dispatch.hpp"

#include <algorithm>
#include <argon2.h>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <sodium.h>
#include <vector>

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

using argon2::Inputs;

uint8_t* unsigned_bytes(std::span<const std::byte> bytes) {
  // libargon2's context is not const-correct; it only reads these.
  return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(bytes.data()));
}

int by_libargon2(const Inputs& in, const Parameters& p, unsigned threads, Arena& arena,
                 std::span<std::byte> tag) {
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
  context.threads = threads;
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

// Below it a slice is over before a helper is awake.
constexpr std::uint32_t worth_sharing = 4 * 1024;  // KiB

// `tasks` have the same parameters, and there is an arena for each.
int by_kernel(const argon2::Kernel& kernel, std::span<const Task> tasks, argon2::Crew::Place& place,
              std::span<Arena* const> arenas) {
  const Parameters& p = tasks.front().parameters;
  std::vector<argon2::Hash> hashes;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto lent = arenas[i]->at_least(argon2::blocks_of(p) * sizeof(argon2::Block));
    if (lent.empty()) return ARGON2_MEMORY_ALLOCATION_ERROR;
    hashes.push_back({{tasks[i].password, tasks[i].salt, {}, {}},
                      p,
                      reinterpret_cast<argon2::Block*>(lent.data()),
                      tasks[i].tag});
  }
  if (p.lanes * tasks.size() > 1 && p.memory >= worth_sharing)
    argon2::compute(kernel, hashes, place);
  else
    argon2::compute(kernel, hashes, argon2::Order::together);
  return ARGON2_OK;
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
  return by_libargon2({password, salt, secret, associated_data}, {32, 3, 4}, 1, arena, tag) ==
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
         by_libargon2(in, one_lane, 1, arena, reference) == ARGON2_OK && sodium == reference;
}

Expected<void> test_libraries() {
  if (!matches_rfc9106_vector())
    return fail(Code::internal, "the Argon2id self-test failed: RFC 9106's vector does not match");
  if (!libraries_agree())
    return fail(Code::internal, "the Argon2id self-test failed: libsodium and libargon2 differ");
  return {};
}

// What computes in this process. Without a kernel a library does.
struct Choice {
  const argon2::Kernel* kernel = nullptr;
  bool libsodium = true;  // for one lane
  Implementation told;
};

Choice use_libraries(bool libsodium, std::string fault) {
  value_or_throw(test_libraries());
  return {nullptr, libsodium, {libsodium ? "sodium" : "reference", std::move(fault)}};
}

Choice use_kernel(const argon2::Kernel& kernel) {
  if (argon2::answers_rightly(kernel)) return {&kernel, false, {kernel.name, {}}};
  return use_libraries(true, "the Argon2id self-test failed: the " + std::string(kernel.name) +
                                 " kernel does not give the known answers on this processor; "
                                 "libsodium and libargon2 compute instead");
}

Choice choose(std::span<const argon2::Kernel* const> kernels, const char* wanted) {
  if (sodium_init() < 0) throw Failure(Code::internal, "libsodium could not be initialised");
  if (wanted == nullptr) return use_kernel(*kernels.front());
  const std::string_view name = wanted;
  if (name == "reference" || name == "sodium") return use_libraries(name == "sodium", {});
  for (const argon2::Kernel* kernel : kernels)
    if (kernel->name == name) return use_kernel(*kernel);
  throw Failure(Code::configuration,
                "CRED_ARGON2 names no implementation of Argon2id that this processor has: "
                "reference, sodium, portable, avx2 and avx512 there are");
}

const Expected<Choice>& choice() {
  static const Expected<Choice> chosen = []() -> Expected<Choice> {
    try {
      // All give the same tags, so that it is no secret's matter. Tests read it.
      return choose(argon2::kernels(), secure_getenv("CRED_ARGON2"));
    } catch (const Failure& failure) {
      return tl::make_unexpected(failure.error());
    }
  }();
  return chosen;
}

}  // namespace

Expected<Implementation> implementation() {
  const auto& chosen = choice();
  if (!chosen) return tl::make_unexpected(chosen.error());
  return chosen->told;
}

Expected<Implementation> implementation_among(std::span<const argon2::Kernel* const> kernels,
                                              const char* wanted) {
  try {
    return choose(kernels, wanted).told;
  } catch (const Failure& failure) {
    return tl::make_unexpected(failure.error());
  }
}

Expected<void> self_test() {
  if (const auto& chosen = choice(); !chosen) return tl::make_unexpected(chosen.error());
  return {};
}

Expected<void> argon2id(std::span<const std::byte> password, std::span<const std::byte> salt,
                        const Parameters& parameters, Arena& arena, std::span<std::byte> tag) {
  const Task task{password, salt, parameters, tag};
  Arena* const arenas[]{&arena};
  return argon2id({&task, 1}, arenas);
}

Expected<void> argon2id(std::span<const Task> tasks, std::span<Arena* const> arenas) {
  const auto& chosen = choice();
  if (!chosen) return tl::make_unexpected(chosen.error());
  for (const Task& task : tasks) {
    if (auto bounded = demandable(task.parameters); !bounded) return bounded;
    if (task.salt.size() != salt_bytes || task.tag.size() < 16 || task.tag.size() > 64)
      return fail(Code::internal, "Argon2id takes a 16-byte salt and makes 16 to 64 bytes");
  }
  // The libraries compute one at a time.
  const std::size_t most = chosen->kernel != nullptr ? arenas.size() : 1;
  while (!tasks.empty()) {
    const auto other = std::find_if(tasks.begin(), tasks.end(), [&](const Task& task) {
      return task.parameters != tasks.front().parameters;
    });
    const auto equal = static_cast<std::size_t>(other - tasks.begin());
    const auto now = tasks.first(std::min(equal, most));
    tasks = tasks.subspan(now.size());
    tags_computed.fetch_add(now.size(), std::memory_order_relaxed);
    // Another hash may come between these and those after them.
    argon2::Crew::Place place(argon2::Crew::of_process());
    const Task& first = now.front();
    int result = ARGON2_OK;
    if (chosen->kernel != nullptr)
      result = by_kernel(*chosen->kernel, now, place, arenas);
    else if (first.parameters.lanes == 1 && chosen->libsodium)
      // libsodium maps and wipes memory of its own; only libargon2 can be lent some.
      result = by_libsodium({first.password, first.salt, {}, {}}, first.parameters, first.tag);
    else
      result = by_libargon2({first.password, first.salt, {}, {}}, first.parameters,
                            place.threads(first.parameters.lanes), *arenas.front(), first.tag);
    if (result == ARGON2_THREAD_FAIL)
      return fail(Code::unavailable,
                  "Argon2id could not start its threads: raise the process limit");
    if (result != ARGON2_OK)
      return fail(Code::unavailable,
                  "Argon2id could not get its memory: lower hash.memory or free some");
  }
  return {};
}

std::uint64_t computed() noexcept { return tags_computed.load(std::memory_order_relaxed); }

}  // namespace cred::hash
