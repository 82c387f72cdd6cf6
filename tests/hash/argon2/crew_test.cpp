#include "hash/argon2/crew.hpp"

#include <catch2/catch.hpp>
#include <mutex>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using cred::hash::argon2::Crew;

TEST_CASE("each part of a hash's work is done once, however many share it") {
  for (const unsigned cores : {1U, 2U, 5U}) {
    Crew crew(cores);
    Crew::Place place(crew);
    CHECK(place.threads(3) == std::min(cores, 3U));
    for (unsigned parts = 0; parts < 300; ++parts) {
      std::vector<std::atomic<int>> done(parts);
      auto work = [&](unsigned part) { ++done[part]; };
      place.share(parts, work);
      for (const auto& count : done) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("cores without a hash help, until a hash comes that needs one") {
  Crew crew(4);
  Crew::Place first(crew);
  CHECK(first.threads(16) == 4);
  CHECK(first.threads(2) == 2);
  {
    Crew::Place second(crew);
    CHECK(first.threads(16) == 2);
    CHECK(second.threads(16) == 2);
    Crew::Place third(crew);
    CHECK(first.threads(16) == 1);
    CHECK(third.threads(16) == 1);
  }
  CHECK(first.threads(16) == 4);
}

TEST_CASE("promise: no more hashes are under way than there are cores") {
  Crew crew(2);
  std::atomic<int> under_way{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        Crew::Place place(crew);
        const int now = ++under_way;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {}
        std::atomic<int> done{0};
        auto work = [&](unsigned) { ++done; };
        (void)place.threads(4);
        place.share(4, work);
        if (done != 4) most = 1000;
        --under_way;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(most <= 2);
}

TEST_CASE("a helper is another thread, and a closed crew sends none") {
  Crew crew(2);
  Crew::Place place(crew);
  REQUIRE(place.threads(2) == 2);
  // Both parts wait for one another: one thread alone would never be done.
  std::atomic<int> here{0};
  std::mutex mutex;
  std::set<std::thread::id> who;
  auto meet = [&](unsigned) {
    ++here;
    while (here < 2) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    who.insert(std::this_thread::get_id());
  };
  place.share(2, meet);
  CHECK(who.size() == 2);
  crew.close();
  int done = 0;
  auto count = [&](unsigned) { ++done; };
  place.share(7, count);
  CHECK(done == 7);
}

#ifndef __SANITIZE_THREAD__  // it knows no threads in the child of a process that has some
TEST_CASE("a forked child has helpers of its own") {
  const auto hash = [] {
    int done = 0;
    std::mutex mutex;
    Crew::Place place(Crew::of_process());
    (void)place.threads(4);
    auto work = [&](unsigned) {
      const std::lock_guard lock(mutex);
      ++done;
    };
    for (int i = 0; i < 20; ++i) place.share(4, work);
    return done;
  };
  REQUIRE(hash() == 80);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(hash() == 80 ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
#endif
