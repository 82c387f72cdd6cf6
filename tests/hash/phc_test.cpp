#include "hash/phc.hpp"

#include <catch2/catch.hpp>

using namespace cred::hash;

namespace {
// Salt and tag of the PHC string are zeros here; the shape is what is tested.
const std::string salt(22, 'A');
const std::string tag(43, 'A');
std::string phc(const std::string& parameters) {
  return "$argon2id$v=19$" + parameters + "$" + salt + "$" + tag;
}
}  // namespace

TEST_CASE("a PHC string is read and written back unchanged") {
  const std::string text = phc("m=65536,t=3,p=4");
  const auto verifier = decode_phc(text);
  REQUIRE(verifier);
  CHECK(verifier->parameters == Parameters{65536, 3, 4});
  CHECK(encode_phc(*verifier) == text);
}

TEST_CASE("what is not the canonical form is refused") {
  const auto bad = GENERATE_COPY(
      std::string(), std::string("$"), std::string("$argon2id$v=19$"), phc(""), phc("m=65536,t=3"),
      phc("m=65536,p=4,t=3"), phc("m=065536,t=3,p=4"), phc("m=+65536,t=3,p=4"),
      phc("m=65536,t=3,p=4,x=1"), phc("m=99999999999,t=3,p=4"), phc("m=-1,t=3,p=4"),
      "$argon2i" + phc("m=65536,t=3,p=4").substr(9),
      "$argon2id$v=16$m=65536,t=3,p=4$" + salt + "$" + tag,
      "$argon2id$v=19$m=65536,t=3,p=4$" + salt, phc("m=65536,t=3,p=4") + "$",
      phc("m=65536,t=3,p=4") + "A", phc("m=65536,t=3,p=4") + "=",
      "$argon2id$v=19$m=65536,t=3,p=4$" + salt + "A$" + tag,
      "$argon2id$v=19$m=65536,t=3,p=4$" + std::string(21, 'A') + "*$" + tag);
  CAPTURE(bad);
  CHECK_FALSE(decode_phc(bad));
}

TEST_CASE("a stored string cannot demand 4 GiB") {
  CHECK_FALSE(decode_phc(phc("m=4194304,t=1,p=1")));
  CHECK_FALSE(decode_phc(phc("m=65536,t=4294967295,p=1")));
}
