#include "vault/vault.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::vault;

namespace {

const Uuid realm{std::byte{1}};

struct Opened {
  Secret root = Secret(32);
  std::vector<WrappedKey> keys = create_keys(root, realm);
  Vault vault = value_or_throw(Vault::open(root, realm, keys));
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
  CHECK_FALSE(Vault::open(o.root, Uuid{std::byte{2}}, o.keys));
  Secret other_root(32);
  other_root.writable()[0] = std::byte{1};
  const auto other = Vault::open(other_root, realm, o.keys);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Code::integrity);
  CHECK(other.error().message.find("root key") != std::string::npos);
}

TEST_CASE("realms do not open each other's values") {
  Opened o;
  const Uuid second{std::byte{2}};
  const auto keys = create_keys(o.root, second);
  const auto vault = value_or_throw(Vault::open(o.root, second, keys));
  CHECK_FALSE(vault.open(o.place, o.sealed));
  CHECK(vault.subject("alice") != o.vault.subject("alice"));
}

TEST_CASE("a name's pseudonym is stable and does not hold the name") {
  Opened o;
  CHECK(o.vault.subject("alice") == o.vault.subject("alice"));
  CHECK(o.vault.subject("alice") != o.vault.subject("alicf"));
}

TEST_CASE("the newest data key seals, the ones before it open, and a retired one opens nothing new") {
  Opened o;
  o.keys.push_back(create_data_key(o.root, realm, 2));
  const auto rotating = value_or_throw(Vault::open(o.root, realm, o.keys));
  CHECK(rotating.newest() == 2);
  CHECK(rotating.open(o.place, o.sealed));
  CHECK_FALSE(rotating.sealed_by_newest(o.sealed));
  const auto anew = rotating.seal(o.place, o.text.bytes());
  CHECK(rotating.sealed_by_newest(anew));
  CHECK_FALSE(o.vault.open(o.place, anew));

  o.keys[1].retired = true;
  const auto rotated = value_or_throw(Vault::open(o.root, realm, o.keys));
  CHECK(rotated.open(o.place, o.sealed).error().code == Code::integrity);
  CHECK(rotated.open_kept(o.place, o.sealed)->equals(o.text));
  CHECK(rotated.open(o.place, anew));
  // Pseudonyms outlive data keys: counters stay with their names.
  CHECK(rotated.subject("alice") == o.vault.subject("alice"));
}

TEST_CASE("a realm does not open without one of its index and data keys, or with their numbers "
          "exchanged") {
  Opened o;
  const auto opens = [&](std::vector<WrappedKey> keys) {
    return Vault::open(o.root, realm, keys).has_value();
  };
  CHECK_FALSE(opens({o.keys[0]}));
  CHECK_FALSE(opens({o.keys[1]}));
  o.keys.push_back(create_data_key(o.root, realm, 2));
  REQUIRE(opens(o.keys));
  std::swap(o.keys[1].wrapped, o.keys[2].wrapped);
  CHECK_FALSE(opens(o.keys));
}

TEST_CASE("keys that are wrapped anew open with the next root key alone") {
  Opened o;
  Secret next(32);
  next.writable()[0] = std::byte{1};
  std::vector<WrappedKey> rewrapped;
  for (const auto& key : o.keys) rewrapped.push_back(value_or_throw(rewrap(key, o.root, next, realm)));
  CHECK_FALSE(Vault::open(o.root, realm, rewrapped));
  const auto vault = value_or_throw(Vault::open(next, realm, rewrapped));
  CHECK(vault.open(o.place, o.sealed)->equals(o.text));
  CHECK_FALSE(rewrap(o.keys[1], next, o.root, realm));
}
