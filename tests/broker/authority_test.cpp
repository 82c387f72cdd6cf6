#include "broker/authority.hpp"
#include "broker/refusals.hpp"

#include <catch2/catch.hpp>
#include <pwd.h>
#include <unistd.h>

using namespace cred;
using namespace cred::broker;
using wire::Kind;

namespace {

constexpr uid_t ann = 60001;    // a member of the shop's administrators
constexpr uid_t shopd = 60002;  // the shop's service
constexpr gid_t shop_admins = 50001;

Grants grants() {
  Grants g;
  g.administered[shop_admins] = {"shop"};
  g.bound[shopd] = "shop";
  return g;
}

Principal caller(uid_t uid, std::vector<gid_t> groups = {}) {
  return {{uid, 100, 1, std::move(groups)}, std::nullopt};
}

wire::Request asks(Kind kind, std::string_view realm, std::string_view account = "ben") {
  wire::Request request;
  request.kind = kind;
  request.realm = realm;
  request.account = account;
  return request;
}

constexpr Kind every_kind[] = {Kind::authenticate, Kind::account, Kind::check,  Kind::change,
                               Kind::reset,        Kind::rules,   Kind::session};

}  // namespace

TEST_CASE("a service asks about its own realm alone, and needs not name it") {
  for (const Kind kind : every_kind) {
    CHECK(may(caller(shopd), asks(kind, "shop"), grants()));
    CHECK(may(caller(shopd), asks(kind, ""), grants()));
    CHECK_FALSE(may(caller(shopd), asks(kind, "system"), grants()));
    CHECK_FALSE(may(caller(shopd), asks(kind, "cafe"), grants()));
  }
  CHECK(realm_of(caller(shopd), asks(Kind::account, ""), grants()) == "shop");
  CHECK(realm_of(caller(ann), asks(Kind::account, ""), grants()) == "system");
}

TEST_CASE("members of a group administer its realms and no other") {
  for (const Kind kind : every_kind) {
    CHECK(may(caller(ann, {7, shop_admins}), asks(kind, "shop"), grants()));
    CHECK_FALSE(may(caller(ann, {7}), asks(kind, "shop"), grants()));
    CHECK_FALSE(may(caller(ann, {7, shop_admins}), asks(kind, "system"), grants()));
  }
  // The primary group counts as well.
  CHECK(may({{ann, shop_admins, 1, {}}, std::nullopt}, asks(Kind::reset, "shop"), grants()));
}

TEST_CASE("a person asks about the own account in realm system, and resets nothing") {
  const passwd* nobody = getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  const Principal self = caller(nobody->pw_uid);
  for (const Kind kind : every_kind) {
    CHECK(may(self, asks(kind, "system", "nobody"), grants()) == (kind != Kind::reset));
    CHECK_FALSE(may(self, asks(kind, "system", "ben"), grants()));
    CHECK_FALSE(may(self, asks(kind, "shop", "nobody"), grants()));
  }
}

TEST_CASE("of a setuid program's two uids the stricter one decides") {
  auto reset = asks(Kind::reset, "system");
  reset.real_uid = 0;
  CHECK(may(caller(0), reset, grants()));
  reset.real_uid = ann;
  CHECK_FALSE(may(caller(0), reset, grants()));
  // The kernel's word, where there is one, beats what the caller states.
  reset.real_uid = 0;
  CHECK_FALSE(may({{0, 0, 1, {}}, ann}, reset, grants()));
  // Nobody becomes root by saying so.
  CHECK_FALSE(may(caller(ann), reset, grants()));
}

TEST_CASE("a source is a person, or the host that a program for others names") {
  auto request = asks(Kind::authenticate, "shop");
  request.source.rhost = "192.0.2.7";
  CHECK(source_of(caller(ann), request, grants()) == "uid 60001");
  CHECK(source_of(caller(shopd), request, grants()) == "host 192.0.2.7");
  CHECK(source_of(caller(0), request, grants()) == "host 192.0.2.7");
  request.real_uid = ann;
  CHECK(source_of(caller(0), request, grants()) == "uid 60001");
  request.source.rhost = {};
  CHECK(source_of(caller(shopd), request, grants()) == "uid 60002");
}

TEST_CASE("names in the configuration are looked up, and unknown ones grant nothing") {
  engine::Configuration c;
  c.realm_access["shop"].administrators = {"no-such-group-here", "0"};
  c.realm_access["shop"].services = {"nobody", "no-such-user-here"};
  const Grants found = grants_of(c);
  CHECK(found.administered.size() == 1);
  CHECK(found.administered.at(0).count("shop") == 1);
  REQUIRE(found.bound.size() == 1);
  CHECK(found.bound.begin()->first == getpwnam("nobody")->pw_uid);
}

TEST_CASE("refusals are written down once a minute for each uid, with their number") {
  Refusals refusals;
  const auto now = std::chrono::steady_clock::now();
  CHECK(refusals.note(1, now) == 1U);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(refusals.note(1, now + std::chrono::seconds(10 * i)));
  CHECK(refusals.note(2, now) == 1U);
  CHECK(refusals.note(1, now + std::chrono::minutes(1)) == 6U);
  CHECK_FALSE(refusals.note(1, now + std::chrono::seconds(61)));
}
