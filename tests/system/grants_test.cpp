// What the configuration grants to others than root, through a real credd; and what credd
// takes from itself.
#include "service.hpp"

#include <catch2/catch.hpp>
#include <csignal>

namespace {

using namespace cred;
using wire::Kind;

// Users and groups that every machine has.
constexpr const char* member = "games";
constexpr const char* service = "daemon";
constexpr const char* administrators = "users";

// A site with a realm `shop`, its administrators and its service, and one account, ann,
// in each of the two realms.
struct World {
  Site site;
  World() {
    site.configure(service_settings(site, "[realm.shop]\nadministrators = [\"" +
                                              std::string(administrators) + "\"]\nservices = [\"" +
                                              service + "\"]\n"));
    site.init();
    std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(site.configuration(), std::filesystem::perms(0644));
    site.add("ann");
    REQUIRE(site.run({"realm", "add", "shop"}).exit == 0);
    const auto added = site.run({"--realm", "shop", "user", "add", "ann", "--stdin"},
                                std::string(right_password) + "\n");
    REQUIRE(added.exit == 0);
  }
  int verify_in_shop(const char* password) const {
    return site.run({"--realm", "shop", "verify", "ann", "--stdin"}, std::string(password) + "\n")
        .exit;
  }
  int refusals() const {
    // The event stands after the format and the time: docs/formats/audit.md.
    return std::stoi(site.sql("SELECT count(*) FROM audit WHERE substr(record, 10, 1) = x'10'"));
  }
};

int code(Code c) { return static_cast<int>(c); }

int answer_to(const Credd& credd, const wire::Request& request) {
  auto channel = credd.connect();
  const auto heard = ask(channel, request);
  return heard.came ? code(heard.code) : 99;
}

wire::Request in_realm(const char* realm, Kind kind, const char* password) {
  auto request = asking(kind, "ann", password);
  request.realm = realm;
  return request;
}

}  // namespace

TEST_CASE("a service verifies, changes and resets in its own realm, and nowhere else") {
  const World world;
  const Credd credd(world.site);
  const auto asks = [&](const wire::Request& request) {
    return as_user(service, [&] { return answer_to(credd, request); });
  };
  for (const char* realm : {"shop", ""})
    CHECK(asks(in_realm(realm, Kind::authenticate, right_password)) == code(Code::accepted));
  CHECK(asks(in_realm("", Kind::authenticate, wrong_password)) == code(Code::refused));
  CHECK(asks(in_realm("", Kind::reset, other_password)) == code(Code::accepted));
  CHECK(world.verify_in_shop(other_password) == 0);
  for (const Kind kind : {Kind::authenticate, Kind::account, Kind::reset})
    CHECK(asks(in_realm("system", kind, right_password)) == code(Code::configuration));
  CHECK(asks(in_realm("elsewhere", Kind::account, "")) == code(Code::configuration));
  CHECK(world.site.verify("ann", right_password) == 0);
}

TEST_CASE("members of a group administer its realm with credctl, and others do not") {
  const World world;
  const Credd credd(world.site);
  const auto credctl = [&](const char* group, std::vector<std::string> words,
                           const std::string& input) {
    words.insert(words.begin(), {CREDCTL, "--config", world.site.configuration()});
    return as_user(
        member, [&] { return run({.argv = words, .input = input}).exit; }, group);
  };
  const std::string next = std::string(other_password) + "\n";
  const std::vector<std::string> reset{"--realm", "shop",    "passwd",
                                       "ann",     "--stdin", "--must-change"};
  CHECK(credctl(nullptr, reset, next) == 7);
  CHECK(world.verify_in_shop(right_password) == 0);
  CHECK(credctl(administrators, reset, next) == 0);
  CHECK(world.verify_in_shop(other_password) == 3);
  CHECK(credctl(administrators, {"--realm", "shop", "status", "ann"}, "") == 0);
  CHECK(credctl(administrators, {"--realm", "shop", "status", "nobody"}, "") == 5);
  CHECK(credctl(administrators, {"--realm", "shop", "passwd", "ann", "--stdin"}, "weak\n") == 1);
  CHECK(credctl(administrators, {"passwd", "ann", "--stdin"}, next) == 7);
  CHECK(credctl(administrators, {"status", "ann"}, "") == 7);
  CHECK(world.site.verify("ann", right_password) == 0);
}

TEST_CASE("what credd refuses is in the trail, once a minute for each uid") {
  const World world;
  const Credd credd(world.site);
  CHECK(world.refusals() == 0);
  const auto refused = [&](const char* user) {
    return as_user(user, [&] {
      int all = 0;
      for (int i = 0; i < 20; ++i)
        all += answer_to(credd, in_realm("system", Kind::reset, other_password)) ==
                       code(Code::configuration)
                   ? 1
                   : 0;
      return all;
    });
  };
  CHECK(refused(member) == 20);
  CHECK(world.refusals() == 1);
  CHECK(refused(service) == 20);
  CHECK(world.refusals() == 2);
  int told = 0;
  const auto shown = nlohmann::json::parse(
      world.site.run({"--json", "audit", "show", "--event", "request_refused"}).out);
  for (const auto& record : shown["records"])
    told += record["detail"].get<std::string>().find(
                "asked to reset a password in realm 'system', account 'ann'") != std::string::npos
                ? 1
                : 0;
  CHECK(told == 2);
}

TEST_CASE("a reload takes what was granted away") {
  const World world;
  Credd credd(world.site);
  const auto asks = [&] {
    return as_user(service, [&] {
      return answer_to(credd, in_realm("shop", Kind::authenticate, right_password));
    });
  };
  CHECK(asks() == code(Code::accepted));
  overwrite(world.site.configuration(), content(world.site.configuration()) +
                                            "[realm.cafe]\nservices = [\"" + service + "\"]\n");
  credd.process().kill(SIGHUP);  // twice bound is an error: what was there stays
  for (int i = 0; i < 10; ++i) CHECK(asks() == code(Code::accepted));
  std::string settings = content(world.site.configuration());
  settings.resize(settings.find("[realm.shop]"));
  overwrite(world.site.configuration(), settings);
  credd.process().kill(SIGHUP);
  int last = -1;
  for (int i = 0; i < 200 && last != code(Code::configuration); ++i) last = asks();
  CHECK(last == code(Code::configuration));
}

TEST_CASE("the service runs behind a filter of its own") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  Credd credd(site);
  CHECK(log_in(credd, "ann", right_password).code == Code::accepted);
  const std::string status = content("/proc/" + std::to_string(credd.pid()) + "/status");
  CHECK_THAT(status, Catch::Contains("Seccomp:\t2") && Catch::Contains("NoNewPrivs:\t1"));
}
