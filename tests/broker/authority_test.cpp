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

TEST_CASE("root in person says what a password is that credd does not know, and nobody else") {
  auto enrol = asks(Kind::enrol, "shop");
  enrol.real_uid = 0;
  CHECK(may(caller(0), enrol, grants()));
  CHECK_FALSE(may({{0, 0, 1, {}}, ann}, enrol, grants()));
  CHECK_FALSE(may(caller(shopd), enrol, grants()));
  CHECK_FALSE(may(caller(ann, {shop_admins}), enrol, grants()));
  enrol.real_uid = ann;
  CHECK_FALSE(may(caller(0), enrol, grants()));
  const passwd* nobody = getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  CHECK_FALSE(may(caller(nobody->pw_uid), asks(Kind::enrol, "system", "nobody"), grants()));
}

namespace {

// Each operation with the roles that may: the table of credctl(8), written down once more.
struct Line {
  engine::Operation operation;
  const char* who;  // v, h, p (operator), a, o
};
using engine::Operation;
constexpr Line lines[] = {
    {Operation::user_list, "vhpo"},   {Operation::user_show, "vhpo"},
    {Operation::status, "vhpo"},      {Operation::attempts_show, "vhpo"},
    {Operation::realm_show, "vhpao"}, {Operation::passwd, "hpo"},
    {Operation::user_unlock, "hpo"},  {Operation::attempts_clear, "hpo"},
    {Operation::user_add, "po"},      {Operation::user_set, "po"},
    {Operation::user_lock, "po"},     {Operation::user_disable, "po"},
    {Operation::user_enable, "po"},   {Operation::expire, "po"},
    {Operation::compromise, "po"},    {Operation::audit_show, "ao"},
    {Operation::audit_verify, "ao"},  {Operation::audit_export, "ao"},
    {Operation::user_erase, "o"},     {Operation::user_export, "o"},
    {Operation::grant_list, "o"},     {Operation::grant_add, "o"},
    {Operation::grant_remove, "o"},   {Operation::realm_suspend, "o"},
    {Operation::realm_resume, "o"},
};
constexpr const char* letters = "vhpao";  // of the roles, in their order

engine::Grant granted_to(const char* holder, engine::Role role, int hours = 2) {
  engine::Grant grant;
  grant.number = 7;
  grant.holder = holder;
  grant.role = role;
  grant.until = Time(std::chrono::hours(hours));
  return grant;
}

std::optional<Authority> asks_to(const Principal& who, const char* realm, Operation operation,
                                 const Grants& configured,
                                 const std::vector<engine::Grant>& granted = {}) {
  return authority_for(who, 0, realm, operation, configured, granted);
}

}  // namespace

TEST_CASE("each role may do exactly what its column says, by configuration and by grant") {
  REQUIRE(std::size(lines) == engine::all_operations().size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < engine::all_roles().size(); ++i) {
      const engine::Role role = engine::all_roles()[i];
      const bool right = std::string_view(line.who).find(letters[i]) != std::string_view::npos;
      INFO(word(role) << ": " << word(line.operation));
      Grants by_user;
      by_user.users[ann]["shop"] = {role};
      Grants by_group;
      by_group.groups[50002]["shop"] = {role};
      const auto who = caller(ann, {50002});
      for (const Grants& configured : {by_user, by_group}) {
        const auto authority = asks_to(who, "shop", line.operation, configured);
        CHECK(authority.has_value() == right);
        if (authority) CHECK((authority->role == role && !authority->grant && !authority->root));
        CHECK_FALSE(asks_to(who, "system", line.operation, configured));
        CHECK_FALSE(asks_to(caller(shopd), "shop", line.operation, configured));
      }
      const auto authority = asks_to(who, "shop", line.operation, {}, {granted_to("60001", role)});
      CHECK(authority.has_value() == right);
      if (authority) CHECK((authority->role == role && authority->grant == 7U));
      CHECK(asks_to(who, "shop", line.operation, {}, {granted_to("@50002", role)}).has_value() ==
            right);
      CHECK_FALSE(asks_to(who, "shop", line.operation, {}, {granted_to("@50001", role)}));
      CHECK_FALSE(asks_to(caller(shopd), "shop", line.operation, {}, {granted_to("60001", role)}));
    }
}

TEST_CASE("members of a realm's administrators are its helpdesk") {
  const auto who = caller(ann, {shop_admins});
  CHECK(asks_to(who, "shop", Operation::passwd, grants())->role == engine::Role::helpdesk);
  CHECK_FALSE(asks_to(who, "shop", Operation::user_lock, grants()));
  CHECK_FALSE(asks_to(who, "system", Operation::status, grants()));
  CHECK_FALSE(asks_to(caller(shopd), "shop", Operation::status, grants()));
}

TEST_CASE("root in person owns every realm, and lends that to nobody") {
  for (const Operation operation : engine::all_operations()) {
    const auto root = asks_to(caller(0), "shop", operation, {});
    REQUIRE(root);
    CHECK(root->root);
    Grants configured;
    configured.users[ann]["shop"] = {engine::Role::owner};
    // A setuid program that ann started.
    CHECK_FALSE(authority_for(caller(0), ann, "shop", operation, configured, {}));
    CHECK_FALSE(authority_for({{0, 0, 1, {}}, ann}, 0, "shop", operation, configured, {}));
    // Nobody becomes root by saying so.
    CHECK_FALSE(authority_for(caller(shopd), 0, "shop", operation, configured, {}));
  }
}

TEST_CASE("nobody sets the password of root, or of who may do more, but an owner") {
  using engine::Role;
  const uid_t games = getpwnam("games")->pw_uid;
  const auto above = [](const char* account, Role role, const Grants& configured = {},
                        const std::vector<engine::Grant>& granted = {}) {
    return stands_above(account, role, configured, granted);
  };
  for (const Role role : engine::all_roles()) CHECK(above("root", role) == (role != Role::owner));
  CHECK_FALSE(above("games", Role::helpdesk));
  CHECK_FALSE(above("no-such-user-here", Role::helpdesk));
  Grants configured;
  configured.users[games]["shop"] = {Role::operator_};
  CHECK(above("games", Role::helpdesk, configured));
  CHECK_FALSE(above("games", Role::operator_, configured));
  configured.users[games]["shop"] = {Role::auditor};
  CHECK(above("games", Role::operator_, configured));
  Grants by_group;
  by_group.groups[getpwnam("games")->pw_gid]["cafe"] = {Role::owner};
  CHECK(above("games", Role::operator_, by_group));
  CHECK(above("games", Role::operator_, {}, {granted_to("games", Role::owner)}));
  CHECK_FALSE(above("games", Role::operator_, {}, {granted_to("games", Role::viewer)}));

  // Neither by the older request.
  Grants administrators;
  administrators.administered[shop_admins] = {"system"};
  const auto who = caller(ann, {shop_admins});
  CHECK(may(who, asks(Kind::reset, "system", "games"), administrators));
  CHECK_FALSE(may(who, asks(Kind::reset, "system", "root"), administrators));
}

TEST_CASE("a role of the configuration goes before a grant, and the longest grant before others") {
  Grants configured;
  configured.users[ann]["shop"] = {engine::Role::auditor, engine::Role::operator_};
  const std::vector<engine::Grant> granted{granted_to("60001", engine::Role::owner, 2),
                                           granted_to("60001", engine::Role::owner, 4)};
  CHECK_FALSE(asks_to(caller(ann), "shop", Operation::passwd, configured, granted)->grant);
  const auto owner = asks_to(caller(ann), "shop", Operation::grant_add, configured, granted);
  REQUIRE(owner);
  CHECK(owner->until == Time(std::chrono::hours(4)));
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
  c.admins["nobody"]["shop"] = engine::Role::viewer;
  c.admins["@0"]["system"] = engine::Role::auditor;
  c.admins["no-such-user-here"]["shop"] = engine::Role::owner;
  c.admins["@no-such-group-here"]["shop"] = engine::Role::owner;
  const Grants found = grants_of(c);
  CHECK(found.administered.size() == 1);
  CHECK(found.administered.at(0).count("shop") == 1);
  CHECK(found.users.size() == 1);
  CHECK(found.users.at(getpwnam("nobody")->pw_uid).at("shop").count(engine::Role::viewer) == 1);
  CHECK(found.groups.size() == 1);
  CHECK(found.groups.at(0).at("system").count(engine::Role::auditor) == 1);
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
