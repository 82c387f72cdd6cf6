#include "hash/parameters.hpp"

#include <catch2/catch.hpp>

using namespace cred::hash;

TEST_CASE("a configuration cannot go below OWASP's settings") {
  // OWASP Password Storage Cheat Sheet: equal-strength settings, memory in KiB.
  CHECK(acceptable({47104, 1, 1}));
  CHECK(acceptable({19456, 2, 1}));
  CHECK(acceptable({12288, 3, 1}));
  CHECK(acceptable({9216, 4, 1}));
  CHECK(acceptable({7168, 5, 1}));
  CHECK_FALSE(acceptable({47103, 1, 1}));
  CHECK_FALSE(acceptable({19455, 2, 1}));
  CHECK_FALSE(acceptable({7168, 4, 1}));
  CHECK_FALSE(acceptable({7167, 64, 1}));
}

TEST_CASE("the default is RFC 9106's second recommended option") {
  const Parameters p;
  CHECK(p.memory == 65536);
  CHECK(p.passes == 3);
  CHECK(p.lanes == 4);
}

TEST_CASE("no more than a bounded amount of work can be asked for") {
  CHECK(demandable({1024 * 1024, 8, 4}));
  CHECK_FALSE(demandable({1024 * 1024, 9, 4}));
  CHECK_FALSE(demandable({1024 * 1024 + 1, 1, 4}));
  CHECK_FALSE(demandable({65536, 65, 4}));
  CHECK_FALSE(demandable({65536, 3, 65}));
  CHECK_FALSE(demandable({65536, 3, 0}));
  CHECK_FALSE(demandable({7, 3, 1}));
}
