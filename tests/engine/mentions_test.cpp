#include "engine/mentions.hpp"

#include <catch2/catch.hpp>

using namespace cred::engine;

namespace {

Profile anna() {
  Profile profile;
  profile.full_name = "Änna  Zebrowski";
  profile.email = "az@example.org";
  return profile;
}

}  // namespace

TEST_CASE("a person is mentioned by login, address and full name, in whatever case") {
  const Mentions mentions("ann", anna());
  for (const char* text :
       {"ann", "uid 1000 (ANN) by credctl", "asked by Ann.", "mail to AZ@Example.org",
        "\xc3\xa4nna zebrowski called", "A\xcc\x88NNA ZEBROWSKI", "not UTF-8 \xff ann"})
    CHECK(mentions.in(text));
  for (const char* text : {"", "annual", "joann", "ann2", "Zebrowski", "az", "az@example.organic"})
    CHECK_FALSE(mentions.in(text));
}

TEST_CASE("every text of a body is looked at, and an empty profile matches nothing") {
  const Mentions mentions("ann", {});
  CHECK(mentions.in({"ann", "", "", "", ""}));
  CHECK(mentions.in({"", "host ann", "", "", ""}));
  CHECK(mentions.in({"", "", "ann", "", ""}));
  CHECK(mentions.in({"", "", "", "ann", ""}));
  CHECK(mentions.in({"", "", "", "", "ann"}));
  CHECK_FALSE(mentions.in({"ben", "host b", "sshd", "tty1", "seen"}));
}
