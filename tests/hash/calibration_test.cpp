#include "hash/calibration.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::hash;

namespace {

// A machine on which a KiB and pass takes so long, and larger memories take longer.
struct Machine {
  double nanoseconds = 300;
  int measured = 0;
  Expected<double> operator()(const Parameters& p) {
    ++measured;
    const double slower = p.memory > 128 * 1024 ? 1.5 : 1;
    return slower * nanoseconds * 1e-9 * p.memory * p.passes;
  }
};

Calibrated found(double seconds, std::uint32_t memory, Machine& machine) {
  const auto result = calibrate(seconds, memory, std::ref(machine));
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("with time enough all of the memory is used, and more passes after that") {
  Machine machine;
  const auto chosen = found(0.5, 64 * 1024, machine);
  CHECK(chosen.parameters == Parameters{64 * 1024, 25, 4});
  CHECK(chosen.seconds <= 0.5);
  CHECK(machine.measured < 10);
}

TEST_CASE("with little time the memory shrinks as far as OWASP's settings, never further") {
  for (const double seconds : {0.012, 0.02, 0.03, 0.05, 0.1, 0.2}) {
    INFO(seconds);
    Machine machine;
    const auto chosen = found(seconds, 1024 * 1024, machine);
    CHECK(acceptable(chosen.parameters));
    CHECK(chosen.seconds <= seconds);
    // What is left would not have held another pass.
    CHECK(chosen.seconds * (chosen.parameters.passes + 1) / chosen.parameters.passes > seconds);
  }
}

TEST_CASE("what no acceptable hash can keep is refused, with what would be needed") {
  Machine machine;
  const auto late = calibrate(0.001, 64 * 1024, std::ref(machine));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::usage);
  CHECK(late.error().message.find("11 ms") != std::string::npos);
  const auto narrow = calibrate(1, 6 * 1024, std::ref(machine));
  REQUIRE_FALSE(narrow);
  CHECK(narrow.error().code == Code::usage);
}

TEST_CASE("an error of the measurement is passed on") {
  const auto result = calibrate(1, 64 * 1024, [](const Parameters&) -> Expected<double> {
    return fail(Code::unavailable, "no memory");
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::unavailable);
}

TEST_CASE("a guess moves two blocks for each in the first pass and three in the others") {
  CHECK(memory_traffic({1, 1, 1}) == 2 * 1024.0);
  CHECK(memory_traffic({64 * 1024, 3, 4}) == 64 * 1024 * 1024 * 8.0);
}
