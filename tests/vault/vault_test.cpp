#include "vault/vault.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::vault;

namespace {

const Uuid realm{std::byte{1}};

struct Opened {
  Secret root = Secret(32);
  Sealed wrapped = *Vault::create_data_key(root, realm);
  Vault vault = value_or_throw(Vault::open_data_key(root, realm, wrapped));
  Place place{Uuid{std::byte{7}}, "alice", Field::credential, 3};
  Secret text = test::secret("$argon2id$...");
  Sealed sealed = vault.seal(place, text.bytes());
};

}  // namespace

TEST_CASE("what is sealed opens in its place") {
  Opened o;
  const auto opened = o.vault.open(o.place, o.sealed);
  REQUIRE(opened);
  CHECK(opened->equals(o.text));
}

TEST_CASE("sealing the same twice gives different bytes") {
  Opened o;
  CHECK(o.vault.seal(o.place, o.text.bytes()) != o.sealed);
}

TEST_CASE("a sealed value moved elsewhere does not open") {
  Opened o;
  Place place = o.place;
  SECTION("to another account") { place.account[0] = std::byte{8}; }
  SECTION("under another name") { place.name = "mallory"; }
  SECTION("to another field") { place.field = Field::profile; }
  SECTION("to a later generation") { place.generation = 4; }
  CHECK(o.vault.open(place, o.sealed).error().code == Code::integrity);
}

TEST_CASE("a sealed value with any bit changed does not open") {
  Opened o;
  for (std::size_t i = 0; i < o.sealed.size(); ++i) {
    Sealed altered = o.sealed;
    altered[i] ^= std::byte{1};
    REQUIRE_FALSE(o.vault.open(o.place, altered));
  }
}

TEST_CASE("a sealed value cut short does not open") {
  Opened o;
  for (std::size_t size = 0; size < o.sealed.size(); ++size)
    REQUIRE_FALSE(o.vault.open(o.place, std::span(o.sealed).first(size)));
}

TEST_CASE("a realm's key opens for that realm and root key alone") {
  Opened o;
  CHECK_FALSE(Vault::open_data_key(o.root, Uuid{std::byte{2}}, o.wrapped));
  Secret other_root(32);
  other_root.writable()[0] = std::byte{1};
  const auto other = Vault::open_data_key(other_root, realm, o.wrapped);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Code::integrity);
  CHECK(other.error().message.find("root key") != std::string::npos);
}

TEST_CASE("realms do not open each other's values") {
  Opened o;
  const Uuid second{std::byte{2}};
  const auto wrapped = *Vault::create_data_key(o.root, second);
  const auto vault = value_or_throw(Vault::open_data_key(o.root, second, wrapped));
  CHECK_FALSE(vault.open(o.place, o.sealed));
  CHECK(vault.subject("alice") != o.vault.subject("alice"));
}

TEST_CASE("a name's pseudonym is stable and does not hold the name") {
  Opened o;
  CHECK(o.vault.subject("alice") == o.vault.subject("alice"));
  CHECK(o.vault.subject("alice") != o.vault.subject("alicf"));
}
