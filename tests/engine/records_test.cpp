#include "engine/records.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::engine;

namespace {

template <typename Decode>
void refuse_every_prefix(const Secret& record, Decode decode) {
  for (std::size_t size = 0; size < record.size(); ++size)
    REQUIRE_FALSE(decode(record.bytes().first(size)));
}

Credential credential() {
  Credential c;
  c.set_at = Time(Duration(1234567890123));
  c.state = State::locked;
  c.demand = Demand::forced;
  c.set_by_owner = true;
  c.verifier.tag[31] = std::byte{9};
  return c;
}

}  // namespace

TEST_CASE("a credential record comes back as it was") {
  const auto c = decode_credential(encode(credential()).bytes());
  REQUIRE(c);
  CHECK(c->set_at == credential().set_at);
  CHECK(c->state == State::locked);
  CHECK(c->demand == Demand::forced);
  CHECK(c->set_by_owner);
  CHECK(c->verifier.tag == credential().verifier.tag);
}

TEST_CASE("a credential and a history keep how a foreign digest is made") {
  Credential wrapped = credential();
  wrapped.verifier.recipe = "crypt::$6$lUOtobyt/ujBQxau$";
  const Secret record = encode(wrapped);
  const auto c = decode_credential(record.bytes());
  REQUIRE(c);
  CHECK(c->verifier.recipe == wrapped.verifier.recipe);
  refuse_every_prefix(record, decode_credential);
  History history(1);
  history[0].parameters = {64, 1, 1};
  history[0].tags.resize(1);
  history[0].recipe = "nt::";
  const auto h = decode_history(encode(history).bytes());
  REQUIRE(h);
  CHECK(h->front().recipe == "nt::");
  wrapped.verifier.recipe = "crypt::$6$rounds=999999999$lUOtobyt$";
  CHECK_FALSE(decode_credential(encode(wrapped).bytes()));
  history[0].recipe = "rot13::";
  CHECK_FALSE(decode_history(encode(history).bytes()));
}

TEST_CASE("records of the format before recipes are read") {
  const auto before = [](Secret record) {
    record.writable()[0] = std::byte{3};
    record.shrink(record.size() - 4);  // an empty text
    return record;
  };
  const auto c = decode_credential(before(encode(credential())).bytes());
  REQUIRE(c);
  CHECK(c->set_at == credential().set_at);
  CHECK(c->verifier.recipe.empty());
  History history(1);
  history[0].parameters = {64, 1, 1};
  history[0].tags.resize(2);
  const auto h = decode_history(before(encode(history)).bytes());
  REQUIRE(h);
  CHECK(h->front().tags == history[0].tags);
}

TEST_CASE("a profile record comes back as it was") {
  Profile profile;
  profile.full_name = "Jürgen Groß";
  profile.email = "j@example.org";
  profile.attributes = {{"team", "blue"}, {"dog", "Rex"}};
  const auto p = decode_profile(encode(profile).bytes());
  REQUIRE(p);
  CHECK(p->full_name == profile.full_name);
  CHECK(p->email == profile.email);
  CHECK(p->attributes == profile.attributes);
}

TEST_CASE("a history record keeps its groups and the order of tags") {
  History history(2);
  history[0].parameters = {64, 1, 1};
  history[0].tags.resize(3);
  history[0].tags[2] = {5, true, {std::byte{7}}};
  history[0].similar = {{5, false, {std::byte{8}}}, {5, true, {std::byte{9}}}};
  history[1].parameters = {128, 2, 1};
  const auto h = decode_history(encode(history).bytes());
  REQUIRE(h);
  REQUIRE(h->size() == 2);
  CHECK((*h)[0].tags == history[0].tags);
  CHECK((*h)[0].similar == history[0].similar);
  CHECK((*h)[1].parameters == history[1].parameters);
}

TEST_CASE("a record that is cut short is refused") {
  refuse_every_prefix(encode(credential()), decode_credential);
  refuse_every_prefix(encode(Profile{"Name", "e@x", "1987-01-01", "1", {{"a", "b"}}, {}}),
                      decode_profile);
  History history(1);
  history[0].parameters = {64, 1, 1};
  history[0].tags.resize(2);
  refuse_every_prefix(encode(history), decode_history);
}

TEST_CASE("a record with bytes to spare is refused") {
  const Secret record = encode(credential());
  Secret longer(record.size() + 1);
  std::copy(record.bytes().begin(), record.bytes().end(), longer.writable().begin());
  CHECK_FALSE(decode_credential(longer.bytes()));
}

TEST_CASE("a history that claims more tags than there are bytes is refused") {
  History history(1);
  history[0].parameters = {64, 1, 1};
  history[0].tags.resize(1);
  Secret record = encode(history);
  // The tag count: format, group count, three parameters and the salt before it.
  record.writable()[1 + 2 + 12 + 16] = std::byte{0xff};
  CHECK_FALSE(decode_history(record.bytes()));
}
