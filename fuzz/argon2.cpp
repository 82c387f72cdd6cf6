// Every kernel gives libargon2's tag, whatever the inputs and costs, in every order.
//
// An input: lanes - 1, passes - 1 and memory in one byte each, tag length - 4 in one, then the
// lengths of salt - 8, secret and associated data in one each, the bytes of these three, and
// the password up to the end.

#include "../tests/hash/argon2/hashes.hpp"
#include "hash/argon2/dispatch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace cred::hash;
using cred::test::Bytes;

class Script {
 public:
  explicit Script(std::span<const std::byte> bytes) : left_(bytes) {}
  std::uint32_t number() {
    if (left_.empty()) return 0;
    const auto value = std::to_integer<std::uint32_t>(left_.front());
    left_ = left_.subspan(1);
    return value;
  }
  // Zeros where there are too few.
  Bytes take(std::size_t size) {
    const auto there = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(there.size());
    Bytes bytes(there.begin(), there.end());
    bytes.resize(size);
    return bytes;
  }
  Bytes rest() { return take(left_.size()); }

 private:
  std::span<const std::byte> left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Script script(std::as_bytes(std::span(bytes, size)));
  cred::test::Problem problem;
  Parameters& p = problem.parameters;
  p.lanes = script.number() % 20 + 1;
  p.passes = script.number() % 4 + 1;
  p.memory = 8 * p.lanes + script.number() * 3;
  problem.tag_bytes = script.number() + 4;
  Bytes tag(problem.tag_bytes);
  const std::uint32_t salt_length = script.number() % 57 + 8;
  const std::uint32_t secret_length = script.number();
  const std::uint32_t data_length = script.number();
  problem.salt = script.take(salt_length);
  problem.secret = script.take(secret_length);
  problem.associated_data = script.take(data_length);
  problem.password = script.rest();
  const argon2::Inputs in = problem.inputs();
  const Bytes expected = cred::test::by_libargon2(problem);
  if (expected.empty()) std::abort();

  std::vector<argon2::Block> memory(2 * argon2::blocks_of(p));
  static argon2::Crew crew(3);
  for (const argon2::Kernel* kernel : argon2::kernels()) {
    const auto check = [&] {
      if (tag != expected) std::abort();
      std::fill(tag.begin(), tag.end(), std::byte{0});
    };
    const argon2::Hash hash{in, p, memory.data(), tag};
    argon2::compute(*kernel, hash, argon2::Order::one_by_one);
    check();
    argon2::compute(*kernel, hash, argon2::Order::together);
    check();
    {
      argon2::Crew::Place place(crew);
      argon2::compute(*kernel, hash, place);
    }
    check();
    Bytes other(tag.size());
    const std::array<argon2::Hash, 2> both{{hash, {in, p, &memory[argon2::blocks_of(p)], other}}};
    argon2::compute(*kernel, both, argon2::Order::together);
    check();
    if (other != expected) std::abort();
    {
      argon2::Crew::Place place(crew);
      argon2::compute(*kernel, both, place);
    }
    check();
    if (other != expected) std::abort();
  }
  return 0;
}
