#include "hash/argon2/compute.hpp"

#include "base/hexadecimal.hpp"
#include "hash/argon2/dispatch.hpp"
#include "hash/argon2/hashes.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace cred;
using namespace cred::hash::argon2;
using test::Bytes;
using test::Problem;

namespace {

// Memory that is not zero before, as of an arena that was wiped with something else.
std::vector<Block> memory_for(const hash::Parameters& p) {
  std::vector<Block> memory(blocks_of(p));
  for (Block& block : memory) std::fill(std::begin(block.words), std::end(block.words), ~0ULL);
  return memory;
}

// A way to compute a hash.
struct Way {
  const char* name;
  Bytes (*tag)(const Kernel&, const Problem&);
};

template <Order order>
Bytes in_order(const Kernel& kernel, const Problem& problem) {
  auto memory = memory_for(problem.parameters);
  Bytes tag(problem.tag_bytes);
  compute(kernel, {problem.inputs(), problem.parameters, memory.data(), tag}, order);
  return tag;
}

Bytes spread(const Kernel& kernel, const Problem& problem) {
  static Crew crew(4);  // whatever this machine has
  auto memory = memory_for(problem.parameters);
  Bytes tag(problem.tag_bytes);
  Crew::Place place(crew);
  compute(kernel, {problem.inputs(), problem.parameters, memory.data(), tag}, place);
  return tag;
}

constexpr Way one_by_one{"one by one", in_order<Order::one_by_one>};
constexpr Way together{"together", in_order<Order::together>};
constexpr Way in_threads{"spread", spread};

// Several at once, each of another password, by one thread and by several; whether all are
// right.
bool right_beside_others(const Kernel& kernel, const Problem& problem, std::size_t count) {
  static Crew crew(4);
  std::vector<Problem> problems(count, problem);
  std::vector<std::vector<Block>> memories;
  std::vector<Bytes> tags(count, Bytes(problem.tag_bytes));
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < count; ++i) {
    problems[i].password.resize(problem.password.size() + i, std::byte{1});
    memories.push_back(memory_for(problem.parameters));
  }
  for (std::size_t i = 0; i < count; ++i)
    hashes.push_back({problems[i].inputs(), problem.parameters, memories[i].data(), tags[i]});
  const auto all_right = [&] {
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      right &= tags[i] == test::by_libargon2(problems[i]);
      std::fill(tags[i].begin(), tags[i].end(), std::byte{0});
    }
    return right;
  };
  compute(kernel, hashes, Order::together);
  if (!all_right()) return false;
  Crew::Place place(crew);
  compute(kernel, hashes, place);
  return all_right();
}

bool soaking() { return std::getenv("CRED_SOAK") != nullptr; }

}  // namespace

TEST_CASE("each kernel and each order give RFC 9106's tag") {
  Problem p;
  p.parameters = {32, 3, 4};
  p.password.assign(32, std::byte{1});
  p.salt.assign(16, std::byte{2});
  p.secret.assign(8, std::byte{3});
  p.associated_data.assign(12, std::byte{4});
  for (const Kernel* kernel : kernels())
    for (const Way& way : {one_by_one, together, in_threads}) {
      INFO(kernel->name << ", " << way.name);
      CHECK(hexadecimal(way.tag(*kernel, p)) ==
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }
}

TEST_CASE("each kernel and each order give the tags of libargon2 and libsodium") {
  std::mt19937_64 random(soaking() ? std::random_device()() : 9106);
  const int problems = soaking() ? 10'000 : 300;
  const std::uint32_t most = soaking() ? 64 * 1024 : 4 * 1024;  // KiB
  int by_sodium = 0;
  for (int i = 0; i < problems; ++i) {
    const Problem problem = test::random_problem(random, most);
    const Bytes expected = test::by_libargon2(problem);
    REQUIRE(expected.size() == problem.tag_bytes);
    if (test::libsodium_can(problem)) {
      REQUIRE(test::by_libsodium(problem) == expected);
      ++by_sodium;
    }
    for (const Kernel* kernel : kernels()) {
      INFO(kernel->name << ", " << problem.text());
      for (const Way& way : {one_by_one, together, in_threads}) {
        INFO(way.name);
        REQUIRE(way.tag(*kernel, problem) == expected);
      }
      if (i % 4 == 0)
        REQUIRE(right_beside_others(*kernel, problem, 2 + static_cast<std::size_t>(i / 4 % 4)));
    }
  }
  CHECK(by_sodium > problems / 20);
}

TEST_CASE("the most lanes that there are give libargon2's tag") {
  Problem p;
  p.salt.assign(16, std::byte{7});
  for (const std::uint32_t lanes : {17U, 64U, 255U}) {
    p.parameters = {9 * lanes, 2, lanes};
    for (const Kernel* kernel : kernels())
      for (const Way& way : {one_by_one, together, in_threads}) {
        INFO(kernel->name << ", " << way.name << ", " << p.text());
        CHECK(way.tag(*kernel, p) == test::by_libargon2(p));
      }
  }
}

TEST_CASE("each input of Argon2id changes its tag") {
  Problem p;
  p.parameters = {64, 1, 2};
  p.password = p.salt = p.secret = p.associated_data = Bytes(16, std::byte{5});
  const auto tag = [&] { return together.tag(*kernels().front(), p); };
  const Bytes before = tag();
  for (Bytes* input : {&p.password, &p.salt, &p.secret, &p.associated_data}) {
    input->back() ^= std::byte{1};
    CHECK(tag() != before);
    input->back() ^= std::byte{1};
  }
  CHECK(tag() == before);
}
