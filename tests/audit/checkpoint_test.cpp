#include "audit/checkpoint.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::audit;

namespace {

const Uuid realm{std::byte{1}};
const Time noon{std::chrono::milliseconds(1'795'568'523'045)};

ChainMac mac_of(std::uint64_t number) {
  ChainMac mac{};
  mac.fill(static_cast<std::byte>(number));
  return mac;
}

// A realm that signs, and keeps its seeds, which nobody else should.
struct Signer {
  std::vector<Secret> seeds;
  std::vector<Checkpoint> checkpoints;

  explicit Signer(std::initializer_list<std::uint64_t> numbers) {
    seeds.push_back(value_or_throw(new_seed()));
    for (const std::uint64_t number : numbers) add(number, mac_of(number));
  }
  void add(std::uint64_t number, const ChainMac& mac) {
    auto made = value_or_throw(
        sign(realm, number, mac, noon, first_epoch + checkpoints.size(), seeds.back()));
    checkpoints.push_back(made.checkpoint);
    seeds.push_back(std::move(made.next_seed));
  }
  PublicKey genesis() const { return value_or_throw(public_key_of(seeds.front())); }
};

}  // namespace

TEST_CASE("a checkpoint comes back as it was written and is good for its realm and key") {
  const Signer signer{5};
  const auto bytes = encode(signer.checkpoints[0]);
  REQUIRE(bytes.size() == checkpoint_bytes);
  const auto read = value_or_throw(decode_checkpoint(bytes));
  CHECK(read.number == 5);
  CHECK(read.mac == mac_of(5));
  CHECK(read.time == noon);
  CHECK(read.epoch == first_epoch);
  CHECK(read.public_key == signer.genesis());
  CHECK(read.next_public_key == value_or_throw(public_key_of(signer.seeds[1])));
  CHECK(verify(read, realm, signer.genesis()));
}

TEST_CASE("every flipped bit of a checkpoint is noticed") {
  const Signer signer{5};
  const auto bytes = encode(signer.checkpoints[0]);
  for (std::size_t i = 0; i < 8 * bytes.size(); ++i) {
    auto other = bytes;
    other[i / 8] ^= std::byte{1} << (i % 8);
    const auto read = decode_checkpoint(other);
    REQUIRE_FALSE((read && verify(*read, realm, signer.genesis())));
  }
}

TEST_CASE("a checkpoint is for one realm and one key") {
  const Signer signer{5};
  const Signer stranger{5};
  CHECK_FALSE(verify(signer.checkpoints[0], Uuid{std::byte{2}}, signer.genesis()));
  CHECK_FALSE(verify(signer.checkpoints[0], realm, stranger.genesis()));
  const auto wrong = verify(stranger.checkpoints[0], realm, signer.genesis());
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Code::integrity);
  CHECK_THAT(wrong.error().message, Catch::Contains("another key"));
}

TEST_CASE("a checkpoint that is cut short, too long, of another format or epoch 0 is refused") {
  const Signer signer{5};
  const auto bytes = encode(signer.checkpoints[0]);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(decode_checkpoint(std::span(bytes).first(size)));
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_checkpoint(longer));
  auto other = bytes;
  other[0] = std::byte{2};
  CHECK_FALSE(decode_checkpoint(other));
  auto nothing = signer.checkpoints[0];
  nothing.epoch = 0;
  CHECK_FALSE(decode_checkpoint(encode(nothing)));
}

TEST_CASE("a sequence of checkpoints is good from the genesis key on") {
  const Signer signer{5, 5, 9, 200};
  const auto next = check_sequence(signer.checkpoints, realm, signer.genesis());
  REQUIRE(next);
  CHECK(*next == value_or_throw(public_key_of(signer.seeds.back())));
  CHECK(check_sequence({}, realm, signer.genesis()) == signer.genesis());
}

TEST_CASE("a missing, repeated, exchanged or foreign checkpoint is noticed") {
  const Signer signer{1, 2, 3, 4};
  const auto check = [&](const std::vector<Checkpoint>& checkpoints) {
    const auto checked = check_sequence(checkpoints, realm, signer.genesis());
    return checked ? std::string() : checked.error().message;
  };
  const auto& all = signer.checkpoints;
  CHECK(check(all).empty());
  CHECK_THAT(check({all[1], all[2]}), Catch::Contains("checkpoint 1"));
  CHECK_THAT(check({all[0], all[2], all[3]}), Catch::Contains("checkpoint 2"));
  CHECK_THAT(check({all[0], all[0], all[1]}), Catch::Contains("checkpoint 2"));
  CHECK_THAT(check({all[0], all[2], all[1]}), Catch::Contains("checkpoint 2"));
  const Signer stranger{1, 2};
  CHECK_THAT(check({all[0], stranger.checkpoints[1]}), Catch::Contains("checkpoint 2"));
  CHECK_FALSE(check_sequence(stranger.checkpoints, realm, signer.genesis()));
}

TEST_CASE("checkpoints that are cut off at the end show in the key that has to sign next") {
  const Signer signer{1, 2, 3};
  const auto next = check_sequence(std::span(signer.checkpoints).first(2), realm, signer.genesis());
  REQUIRE(next);
  CHECK(*next != value_or_throw(public_key_of(signer.seeds.back())));
}

TEST_CASE("the seed of a later epoch cannot sign an earlier one") {
  Signer signer{1, 2, 3};
  const Secret& stolen = signer.seeds[3];
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    const auto forged =
        value_or_throw(sign(realm, epoch, mac_of(99), noon, epoch, stolen)).checkpoint;
    auto checkpoints = signer.checkpoints;
    checkpoints[epoch - 1] = forged;
    CHECK_FALSE(check_sequence(checkpoints, realm, signer.genesis()));
    // Nor does it help to claim the earlier key.
    checkpoints[epoch - 1].public_key = signer.checkpoints[epoch - 1].public_key;
    CHECK_FALSE(check_sequence(checkpoints, realm, signer.genesis()));
    // Nor to end the sequence there.
    CHECK_FALSE(check_sequence(std::span(checkpoints).first(epoch), realm, signer.genesis()));
  }
  // It signs its own epoch: what comes after a theft is the thief's to tell.
  signer.checkpoints.push_back(
      value_or_throw(sign(realm, 4, mac_of(4), noon, 4, stolen)).checkpoint);
  CHECK(check_sequence(signer.checkpoints, realm, signer.genesis()));
}

TEST_CASE("a checkpoint that covers less, or the same record with another MAC, is noticed") {
  Signer fewer{5};
  fewer.add(4, mac_of(4));
  CHECK_FALSE(check_sequence(fewer.checkpoints, realm, fewer.genesis()));
  Signer other{5};
  other.add(5, mac_of(6));
  CHECK_FALSE(check_sequence(other.checkpoints, realm, other.genesis()));
}

TEST_CASE("each checkpoint has another next key, even from the same seed") {
  const auto seed = value_or_throw(new_seed());
  const auto once = value_or_throw(sign(realm, 1, mac_of(1), noon, 1, seed));
  const auto again = value_or_throw(sign(realm, 1, mac_of(1), noon, 1, seed));
  CHECK(once.checkpoint.next_public_key != again.checkpoint.next_public_key);
  CHECK_FALSE(once.next_seed.equals(again.next_seed));
  CHECK_FALSE(once.next_seed.equals(seed));
}

TEST_CASE("a seed of another length signs nothing") {
  CHECK(public_key_of(Secret(31)).error().code == Code::internal);
  CHECK_FALSE(sign(realm, 1, mac_of(1), noon, 1, Secret()));
}

TEST_CASE("a fingerprint is the key in groups of hexadecimal digits and reads back") {
  PublicKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(8 * i + 7);
  const std::string text = fingerprint(key);
  CHECK(text == "070f 171f 272f 373f 474f 575f 676f 777f 878f 979f a7af b7bf c7cf d7df e7ef f7ff");
  CHECK(parse_fingerprint(text) == key);
  CHECK(parse_fingerprint("070F171F272F373F474f575f676f777f 878f979fa7afb7bfc7cfd7dfe7eff7FF\n") ==
        key);
  for (const std::string& wrong :
       {std::string(), text + "0", text.substr(1), text + " 00", "x" + text.substr(1)})
    CHECK(parse_fingerprint(wrong).error().code == Code::usage);
}
