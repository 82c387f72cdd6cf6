#include "base/waiting_line.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

using cred::WaitingLine;
using namespace std::chrono_literals;

namespace {

using Job = std::unique_ptr<int>;  // movable alone, as a request with a secret is
using Line = WaitingLine<Job>;

const auto later = std::chrono::steady_clock::now() + 1h;

bool add(Line& line, const std::string& source, const std::string& account, int number) {
  Job job = std::make_unique<int>(number);
  return line.add(source, account, later, job);
}

int take(Line& line) {
  auto next = line.next();
  if (!next) return -1;
  line.done(next->first);
  return *next->second;
}

}  // namespace

TEST_CASE("sources take turns, and each one's jobs go in order") {
  Line line(100);
  for (int i = 0; i < 3; ++i) REQUIRE(add(line, "storm", "a" + std::to_string(i), i));
  REQUIRE(add(line, "other", "b", 10));
  CHECK(take(line) == 0);
  CHECK(take(line) == 10);
  CHECK(take(line) == 1);
  CHECK(take(line) == 2);
  CHECK(line.size() == 0);
}

TEST_CASE("two jobs for one account are never out together") {
  Line line(100);
  REQUIRE(add(line, "x", "ann", 1));
  REQUIRE(add(line, "y", "ann", 2));
  REQUIRE(add(line, "z", "ben", 3));
  const auto first = line.next();
  CHECK(*first->second == 1);
  CHECK(*line.next()->second == 3);
  std::atomic<bool> out{false};
  std::thread waiting([&] {
    CHECK(*line.next()->second == 2);
    out = true;
  });
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(out);
  line.done("ann");
  waiting.join();
  CHECK(out);
}

TEST_CASE("jobs for one account hold up no other account of the same source") {
  Line line(100);
  for (int i = 1; i <= 3; ++i) REQUIRE(add(line, "office", "ann", i));
  REQUIRE(add(line, "office", "ben", 4));
  const auto first = line.next();
  CHECK(*first->second == 1);
  const auto other = line.next();
  CHECK(other->first == "ben");
  line.done("ann");
  CHECK(take(line) == 2);
  CHECK(take(line) == 3);
}

TEST_CASE("a full line takes nothing and leaves the job to its owner") {
  Line line(2);
  REQUIRE(add(line, "x", "a", 1));
  REQUIRE(add(line, "y", "b", 2));
  Job job = std::make_unique<int>(3);
  CHECK_FALSE(line.add("z", "c", later, job));
  REQUIRE(job);
  CHECK(*job == 3);
}

TEST_CASE("a full line makes room at the cost of the source that has most, and of nobody else") {
  Line line(4);
  for (int i = 0; i < 3; ++i) REQUIRE(add(line, "storm", "a", i));
  REQUIRE(add(line, "x", "b", 10));
  REQUIRE_FALSE(add(line, "y", "c", 20));
  CHECK_FALSE(line.make_room("storm"));
  const auto displaced = line.make_room("y");
  REQUIRE(displaced);
  CHECK(**displaced == 2);
  CHECK(add(line, "y", "c", 20));
  // Nobody has more than one beyond x by now.
  CHECK_FALSE(line.make_room("x"));
  for (const int expected : {0, 10, 20, 1}) CHECK(take(line) == expected);
}

TEST_CASE("what waited past its deadline is taken out, and nothing else") {
  Line line(100);
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    Job job = std::make_unique<int>(i);
    REQUIRE(line.add("x", "a", now + i * 1h, job));
  }
  Job other = std::make_unique<int>(9);
  REQUIRE(line.add("y", "b", now, other));
  const auto late = line.late(now + 90min);
  REQUIRE(late.size() == 3);
  CHECK(line.size() == 1);
  CHECK(take(line) == 2);
}

TEST_CASE("a closed line gives out what waits and then ends its workers") {
  Line line(100);
  REQUIRE(add(line, "x", "a", 1));
  line.close();
  CHECK_FALSE(add(line, "x", "a", 2));
  CHECK(take(line) == 1);
  CHECK_FALSE(line.next());
}

TEST_CASE("many workers and sources lose no job") {
  Line line(10'000);
  std::atomic<int> sum{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      while (auto next = line.next()) {
        sum += *next->second;
        line.done(next->first);
      }
    });
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c)
    clients.emplace_back([&, c] {
      for (int i = 0; i < 500; ++i)
        while (!add(line, std::to_string(c), std::to_string(i % 7), 1)) std::this_thread::yield();
    });
  for (auto& client : clients) client.join();
  line.close();
  for (auto& worker : workers) worker.join();
  CHECK(sum == 2000);
}
