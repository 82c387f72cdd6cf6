// Roles and grants, by credctl as other users than root through a real credd.
#include "service.hpp"

#include "wire/administration.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <pwd.h>
#include <thread>

namespace {

using namespace cred;
using Json = nlohmann::json;

// Users and groups that every machine has: one for each role, and one without.
struct Holder {
  const char* user;
  char role;
};
constexpr Holder holders[] = {{"games", 'v'}, {"daemon", 'h'}, {"bin", 'p'},
                              {"sys", 'a'},   {"man", 'o'},    {"lp", '-'}};
constexpr const char* nobodys = "lp";
constexpr const char* group = "users";

constexpr const char* admins =
    "[admins]\n"
    "games = { shop = \"viewer\" }\n"
    "daemon = { shop = \"helpdesk\" }\n"
    "bin = { shop = \"operator\" }\n"
    "sys = { shop = \"auditor\" }\n"
    "man = { shop = \"owner\" }\n"
    "\"@users\" = { shop = \"viewer\" }\n";

// A site with a realm `shop`, in which ann and ben have accounts.
struct World {
  Site site;
  World() {
    site.configure(service_settings(site, admins));
    site.init();
    std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(site.configuration(), std::filesystem::perms(0644));
    site.add("ann");
    REQUIRE(site.run({"realm", "add", "shop"}).exit == 0);
    for (const char* name : {"ann", "ben"}) add(name);
  }
  void add(const std::string& name) const {
    REQUIRE(in_shop({"user", "add", name, "--stdin"}, std::string(right_password) + "\n").exit ==
            0);
  }
  // As root, who calls the engine.
  Finished in_shop(Site::Words words, const std::string& input = {}) const {
    words.insert(words.begin(), {"--realm", "shop"});
    return site.run(words, input);
  }
  Launch launch_as(const std::string& user, Site::Words words, const std::string& input = {},
                   const char* member_of = nullptr) const {
    words.insert(words.begin(), {"--realm", "shop"});
    return under({"setpriv", "--reuid", user, "--regid", "nogroup",
                  member_of != nullptr ? std::string("--groups=") + member_of : "--clear-groups"},
                 site.credctl(words, input));
  }
  Finished as(const std::string& user, const Site::Words& words, const std::string& input = {},
              const char* member_of = nullptr) const {
    return run(launch_as(user, words, input, member_of));
  }
  int verify(const std::string& name, const std::string& password) const {
    return in_shop({"verify", name, "--stdin"}, password + "\n").exit;
  }
  // What the trail of the realm says of an event.
  Json records(const std::string& event, const char* realm = "shop") const {
    const auto shown = site.run({"--realm", realm, "--json", "audit", "show", "--event", event});
    REQUIRE(shown.exit == 0);
    return Json::parse(shown.out)["records"];
  }
};

// No two are alike: the history forbids them.
std::string next_password() {
  static constexpr const char* words[] = {"Battery",   "Doorknob", "Umbrella", "Cupboard",
                                          "Staircase", "Toolbox",  "Raincoat", "Keyboard",
                                          "Teaspoon",  "Notebook"};
  static std::size_t count = 0;
  ++count;
  const char* first = words[count % std::size(words)];
  const char* second = words[(count * 3 + 1) % std::size(words)];
  return first + std::to_string(count * 37) + second;
}

}  // namespace

TEST_CASE("each role may do exactly its column, as credctl(8) has it") {
  const World world;
  const Credd credd(world.site);
  struct Line {
    const char* who;
    Site::Words words;
    bool password = false;
  };
  for (const auto& [user, role] : holders) {
    const std::string added = std::string("new-") + user;
    const std::string doomed = std::string("old-") + user;
    world.add(doomed);
    const std::vector<Line> lines{
        {"vhpo", {"user", "list"}},
        {"vhpo", {"user", "show", "ann"}},
        {"vhpo", {"status", "ann"}},
        {"vhpo", {"attempts", "show"}},
        {"vhpao", {"realm", "show", "shop"}},
        {"hpo", {"passwd", "ann", "--stdin"}, true},
        {"po", {"user", "lock", "ann"}},
        {"hpo", {"user", "unlock", "ann"}},
        {"hpo", {"attempts", "clear", "ann"}},
        {"po", {"user", "disable", "ann"}},
        {"po", {"user", "enable", "ann"}},
        {"po", {"user", "add", added, "--stdin"}, true},
        {"po", {"user", "set", "ann", "--phone", "+49 30 7654321"}},
        {"po", {"expire", "ann"}},
        {"po", {"compromise", "ann", "--reason", "seen in a list"}},
        {"ao", {"audit", "show"}},
        {"ao", {"audit", "verify"}},
        {"ao", {"audit", "export"}},
        {"o", {"user", "export", "ann"}},
        {"o", {"user", "erase", doomed, "--yes"}},
        {"o", {"grant", "add", "uucp", "--role", "viewer", "--for", "2h", "--reason", "a test"}},
        {"o", {"grant", "list"}},
        {"o", {"grant", "remove", "uucp"}},
        {"o", {"realm", "suspend", "shop", "--reason", "a test"}},
        {"o", {"realm", "resume", "shop"}},
    };
    for (const Line& line : lines) {
      const bool right = std::string(line.who).find(role) != std::string::npos;
      const auto done = world.as(user, line.words, line.password ? next_password() + "\n" : "");
      INFO(user << ": " << line.words[0] << " " << line.words[1] << ": " << done.err);
      CHECK(done.exit == (right ? 0 : 7));
    }
    // A role is one realm's.
    CHECK(world.site.run({"status", "ann"}).exit == 0);
    auto elsewhere = world.launch_as(user, {"user", "list"});
    for (auto& word : elsewhere.argv)
      if (word == "shop") word = "system";
    CHECK(run(elsewhere).exit == 7);
  }
  CHECK(world.as(nobodys, {"user", "list"}, {}, group).exit == 0);
  CHECK(world.as(nobodys, {"user", "lock", "ann"}, {}, group).exit == 7);
}

TEST_CASE("through credd the commands print what they print to root, and exit alike") {
  const World world;
  const Credd credd(world.site);
  CHECK(world.verify("ann", wrong_password) == 1);
  // More than one part of an answer.
  for (int i = 0; i < 60; ++i) REQUIRE(world.in_shop({"expire", "ben"}).exit == 0);
  const auto same = [&](const char* user, const Site::Words& words, const std::string& input = {}) {
    // The look leaves a record, which is in both.
    const auto by_other = world.as(user, words, input);
    const auto by_root = world.in_shop(words, input);
    INFO(words[0] << " " << words[1]);
    CHECK(by_other.exit == by_root.exit);
    CHECK(by_other.out == by_root.out);
    CHECK(by_other.err == by_root.err);
  };
  for (const bool json : {false, true}) {
    const auto with = [&](Site::Words words) {
      if (json) words.insert(words.begin(), "--json");
      return words;
    };
    for (const Site::Words& words : {Site::Words{"user", "list"},
                                     {"user", "show", "ann"},
                                     {"status", "ann"},
                                     {"status", "nobody-here"},
                                     {"attempts", "show"},
                                     {"attempts", "show", "ann"},
                                     {"realm", "show", "shop"}})
      same("games", with(words));
    for (const Site::Words& words : {Site::Words{"audit", "show", "--event", "expired"},
                                     {"audit", "show", "--account", "ann"},
                                     {"audit", "show", "--event", "expird"},
                                     {"audit", "export", "--event", "expired"},
                                     {"audit", "verify", "--fingerprint", "none"}})
      same("sys", with(words));
    same("daemon", with({"passwd", "ann", "--stdin"}), "weak\n");
    same("daemon", with({"passwd", "ann", "--stdin"}), "\n");
    same("daemon", with({"passwd", "nobody-here", "--stdin"}), "Tricky4Battery\n");
    same("bin", with({"user", "add", "ann", "--stdin"}), "Tricky4Battery\n");
    same("bin", with({"user", "unlock", "nobody-here"}));
    same("man", with({"grant", "list"}));
    same("man",
         with({"grant", "add", "uucp", "--role", "operater", "--for", "2h", "--reason", "x"}));
    same("man",
         with({"grant", "add", "uucp", "--role", "viewer", "--for", "91d", "--reason", "x"}));
    same("man",
         with({"grant", "add", "nobody-here", "--role", "owner", "--for", "2h", "--reason", "x"}));
    same("man", with({"grant", "remove", "uucp"}));
  }
}

TEST_CASE("a reset by anybody but root has to be changed at the next login, in 72 hours") {
  const World world;
  const Credd credd(world.site);
  REQUIRE(world.as("daemon", {"passwd", "ann", "--stdin"}, "Tricky4Battery\n").exit == 0);
  CHECK(world.verify("ann", "Tricky4Battery") == 3);
  REQUIRE(world.as("bin", {"user", "add", "carol", "--stdin"}, "Tricky4Battery\n").exit == 0);
  CHECK(world.verify("carol", "Tricky4Battery") == 3);
  // Root chooses.
  REQUIRE(world.in_shop({"passwd", "ann", "--stdin"}, "Wonder8Lantern\n").exit == 0);
  CHECK(world.verify("ann", "Wonder8Lantern") == 0);
  const auto later = [&](const char* password) {
    return run(under({"faketime", "-f", "+73h"},
                     world.site.credctl({"--realm", "shop", "verify", "carol", "--stdin"},
                                        std::string(password) + "\n")))
        .exit;
  };
  if (run({.argv = {"sh", "-c", "command -v faketime"}}).exit == 0)
    CHECK(later("Tricky4Battery") == 4);
}

TEST_CASE("a generated password is shown once, on the terminal, to whoever asked through credd") {
  const World world;
  const Credd credd(world.site);
  // No terminal, nothing done.
  const auto blind =
      run(under({"setsid", "--wait"}, world.launch_as("daemon", {"passwd", "ann", "--generate"})));
  CHECK(blind.exit == 2);
  CHECK(world.verify("ann", right_password) == 0);
  const auto seen = run(on_terminal(world.launch_as("daemon", {"passwd", "ann", "--generate"})));
  INFO(seen.out);
  REQUIRE(seen.exit == 0);
  const std::string label = "(shown once): ";
  const auto at = seen.out.find(label);
  REQUIRE(at != std::string::npos);
  std::string password = seen.out.substr(at + label.size());
  password.resize(password.find_first_of("\r\n"));
  CHECK(world.verify("ann", password) == 3);
  CHECK(seen.out.find(password, at + label.size() + 1) == std::string::npos);
}

TEST_CASE("a grant gives a role for its time, and ends by itself") {
  const World world;
  const Credd credd(world.site);
  const Site::Words lock{"user", "lock", "ann"};
  const Site::Words unlock{"user", "unlock", "ann"};
  const auto grant = [&](const char* user, const char* holder, const char* role, const char* time) {
    const Site::Words words{"grant", "add", holder,     "--role",     role,
                            "--for", time,  "--reason", "ticket 4711"};
    return user == nullptr ? world.in_shop(words).exit : world.as(user, words).exit;
  };
  CHECK(world.as(nobodys, lock).exit == 7);
  REQUIRE(grant(nullptr, nobodys, "operator", "2h") == 0);
  CHECK(world.as(nobodys, lock).exit == 0);
  CHECK(world.as(nobodys, unlock).exit == 0);
  CHECK(world.as(nobodys, {"audit", "show"}).exit == 7);
  REQUIRE(world.as("man", {"grant", "remove", nobodys}).exit == 0);
  CHECK(world.as(nobodys, lock).exit == 7);

  // Of a group, by an owner.
  REQUIRE(grant("man", "@users", "operator", "2h") == 0);
  CHECK(world.as(nobodys, lock).exit == 7);
  CHECK(world.as(nobodys, lock, {}, group).exit == 0);

  // Nobody lengthens the own one.
  REQUIRE(grant(nullptr, nobodys, "owner", "1h") == 0);
  CHECK(grant(nobodys, nobodys, "owner", "2h") == 2);
  CHECK(grant(nobodys, "uucp", "viewer", "10 min") == 0);

  REQUIRE(grant(nullptr, "uucp", "operator", "1s") == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  CHECK(world.as("uucp", lock).exit == 7);
  CHECK(world.as("uucp", {"status", "ann"}).exit == 0);  // by the other one

  CHECK(world.records("grant_added").size() == 5);
  const auto ended = world.records("grant_ended");
  REQUIRE(ended.size() == 2);
  CHECK(ended[0]["uid"] == getpwnam("man")->pw_uid);
  CHECK(ended[1]["detail"] == "grant 5: uucp as operator: its time was over");
  const auto used = world.records("grant_used");
  REQUIRE(used.size() == 6);
  CHECK(used[0]["detail"] == "user lock (as operator by grant 1)");
  CHECK(used[0]["account"] == "ann");
  CHECK(used[0]["uid"] == getpwnam(nobodys)->pw_uid);
  CHECK(world.records("locked")[0]["detail"] == "(as operator by grant 1)");
}

TEST_CASE("a helpdesk does not set the passwords of those who may do more") {
  World world;
  overwrite(world.site.configuration(),
            content(world.site.configuration()) + "uucp = \"helpdesk\"\n");
  const Credd credd(world.site);
  for (const char* name : {"root", "man", "news"}) world.site.add(name);
  const auto reset = [&](const char* name) {
    return run(under({"setpriv", "--reuid", "uucp", "--regid", "nogroup", "--clear-groups"},
                     world.site.credctl({"passwd", name, "--stdin"}, next_password() + "\n")))
        .exit;
  };
  CHECK(reset("news") == 0);
  CHECK(reset("root") == 7);
  CHECK(reset("man") == 7);  // an owner of another realm
  REQUIRE(world.in_shop({"grant", "add", "news", "--role", "owner", "--for", "2h", "--reason", "x"})
              .exit == 0);
  CHECK(reset("news") == 7);
  CHECK(world.site.verify("root", right_password) == 0);
}

TEST_CASE("every use of a role is in the trail, with who and by what right") {
  const World world;
  const Credd credd(world.site);
  const auto uid_of = [](const char* user) { return getpwnam(user)->pw_uid; };
  for (int i = 0; i < 3; ++i) CHECK(world.as("games", {"user", "list"}).exit == 0);
  CHECK(world.as("games", {"status", "ann"}).exit == 0);
  CHECK(world.as("games", {"status", "secret-in-the-wrong-place"}).exit == 5);
  CHECK(world.as("sys", {"audit", "show", "--event", "locked", "--account", "ann"}).exit == 0);
  CHECK(world.as("bin", {"user", "lock", "ann"}).exit == 0);
  CHECK(world.as("daemon", {"passwd", "ben", "--stdin"}, "weak\n").exit == 1);
  const auto viewed = world.records("viewed");
  // The list once in the minute, however often it was asked for.
  REQUIRE(viewed.size() == 5);
  CHECK(viewed[0]["detail"] == "user list (as viewer)");
  CHECK(viewed[0]["uid"] == uid_of("games"));
  CHECK(viewed[0]["actor"] == "uid " + std::to_string(uid_of("games")) + " (games) by credctl");
  CHECK(viewed[1]["account"] == "ann");
  CHECK(viewed[2]["account"].is_null());
  CHECK(viewed[3]["detail"] == "audit show event=locked (as auditor)");
  CHECK(viewed[4]["detail"] == "tried in vain: passwd (as helpdesk)");
  CHECK(viewed[4]["outcome"] == "refused");
  const auto locked = world.records("locked");
  REQUIRE(locked.size() == 1);
  CHECK(locked[0]["uid"] == uid_of("bin"));
  CHECK(locked[0]["detail"] == "(as operator)");
  const auto whole = world.in_shop({"--json", "audit", "show"}).out;
  CHECK(whole.find("secret-in-the-wrong-place") == std::string::npos);

  // And what was refused, in realm system as ever.
  CHECK(world.as("games", {"user", "lock", "ann"}).exit == 7);
  const auto refused = world.records("request_refused", "system");
  REQUIRE(refused.size() == 1);
  CHECK(refused[0]["detail"] == "asked for 'user lock' in realm 'shop', account 'ann'");
}

TEST_CASE("a list that nobody reads holds up neither logins nor, for long, other lists") {
  const World world;
  for (int i = 0; i < 40; ++i) REQUIRE(world.in_shop({"expire", "ben"}).exit == 0);
  Credd credd(world.site);
  wire::Order order;
  order.real_uid = 0;
  order.realm = "shop";
  order.command = "audit show";
  std::vector<wire::Channel> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(credd.connect());
    REQUIRE(deaf.back().send(wire::encode(order), patience_ms) == wire::Io::done);
  }
  CHECK(log_in(credd, "ann", right_password).code == Code::accepted);
  auto channel = credd.connect();
  CHECK(ask(channel, asking(wire::Kind::account, "ann", "")).code == Code::accepted);
  deaf.clear();
  CHECK(world.as("games", {"user", "list"}).exit == 0);
  credd.process().kill(SIGTERM);
  CHECK(credd.process().wait().exit == 0);
}

TEST_CASE("what is no command, or has other arguments, is told to be so and changes nothing") {
  const World world;
  const Credd credd(world.site);
  const auto answer = [&](const char* command, std::vector<std::string_view> arguments) {
    wire::Order order;
    order.real_uid = 0;
    order.realm = "shop";
    order.command = command;
    order.arguments = arguments.size();
    std::copy(arguments.begin(), arguments.end(), order.argument);
    auto channel = credd.connect();
    REQUIRE(channel.send(wire::encode(order), patience_ms) == wire::Io::done);
    for (;;) {
      Secret body;
      wire::Part part;
      wire::Result result;
      REQUIRE(channel.receive(body, patience_ms) == wire::Io::done);
      if (wire::decode(body.bytes(), part)) continue;
      REQUIRE(wire::decode(body.bytes(), result));
      return result.code;
    }
  };
  CHECK(answer("realm erase", {}) == Code::usage);
  CHECK(answer("user list", {"all"}) == Code::usage);
  CHECK(answer("user lock", {}) == Code::usage);
  CHECK(answer("user lock", {"account=ann", "account=ben"}) == Code::usage);
  CHECK(answer("user lock", {"account=ann", "force=yes"}) == Code::usage);
  CHECK(answer("passwd", {"account=ann"}) == Code::usage);
  CHECK(answer("grant add", {"holder=uucp", "role=owner", "for=2h"}) == Code::usage);
  CHECK(answer("user lock", {"account=ann"}) == Code::accepted);
}
