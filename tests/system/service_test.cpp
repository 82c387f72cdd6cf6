// credd as a service: many callers at once on one socket.
#include "service.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace cred;
using namespace std::chrono_literals;

}  // namespace

TEST_CASE("one credd answers many callers, each rightly") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  for (const char* name : {"ann", "ben"}) site.add(name);
  const Credd credd(site);
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 60; ++i)
    callers.emplace_back([&, i] {
      const bool knows = i % 3 != 0;
      const auto heard =
          log_in(credd, i % 2 == 0 ? "ann" : "ben", knows ? right_password : wrong_password);
      if (heard.came && knows && heard.code == Code::accepted) ++right;
      if (heard.came && !knows && heard.code == Code::refused) ++wrong;
    });
  for (auto& caller : callers) caller.join();
  CHECK(right == 40);
  CHECK(wrong == 20);
}

TEST_CASE("promise: memory is bounded by the budget however many log in") {
  Site site;
  site.configure("[hash]\nmemory = \"32 MiB\"\npasses = 2\nlanes = 2\n" + std::string(patient) +
                 "[broker]\nmemory_budget = \"64 MiB\"\nsocket = \"" +
                 (site.path() / "credd.sock").string() + "\"\n");
  site.init();
  for (int i = 0; i < 8; ++i) site.add("user" + std::to_string(i));
  const Credd credd(site);
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 100; ++i)
    callers.emplace_back([&, i] {
      const auto heard = log_in(credd, "user" + std::to_string(i % 8), right_password);
      if (heard.came && heard.code == Code::accepted) ++right;
    });
  for (auto& caller : callers) caller.join();
  CHECK(right == 100);
  CHECK(credd.memory_kib("VmHWM") < (64 + 64) * 1024);
}

TEST_CASE("an ordinary user asks about the own account alone") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("nobody");
  site.add("ann");
  std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
  const Credd credd(site);
  const auto code_for = [&](const wire::Request& request) {
    return as_user("nobody", [&] {
      auto channel = credd.connect();
      const auto heard = ask(channel, request);
      return heard.came ? static_cast<int>(heard.code) : 99;
    });
  };
  const auto code = [](Code c) { return static_cast<int>(c); };
  using wire::Kind;
  CHECK(code_for(asking(Kind::authenticate, "nobody", right_password)) == code(Code::accepted));
  CHECK(code_for(asking(Kind::account, "nobody", "")) == code(Code::accepted));
  for (const Kind kind : {Kind::authenticate, Kind::account, Kind::check, Kind::change})
    CHECK(code_for(asking(kind, "ann", right_password)) == code(Code::configuration));
  // It says that it is root, and is not believed.
  CHECK(code_for(asking(Kind::reset, "nobody", other_password)) == code(Code::configuration));
  auto other_realm = asking(Kind::authenticate, "nobody", right_password);
  other_realm.realm = "shop";
  CHECK(code_for(other_realm) == code(Code::configuration));
  auto change = asking(Kind::change, "nobody", other_password);
  change.old_password = std::as_bytes(std::span(std::string_view(right_password)));
  CHECK(code_for(change) == code(Code::accepted));
  CHECK(site.verify("nobody", other_password) == 0);
}

TEST_CASE("the service runs under a user of its own, with the key as systemd hands it over") {
  Site site;
  std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
  const auto own = site.path() / "state";
  std::filesystem::create_directory(own);
  REQUIRE(shell("chown nobody \"$1\" && chmod 0700 \"$1\"", {own}).exit == 0);
  const std::string store = "[store]\nurl = \"sqlite:" + (own / "cred.db").string() +
                            "\"\n[keys]\nroot = \"file:" + site.key() + "\"\n" + cheap_hash +
                            "[broker]\nsocket = \"" + (own / "credd.sock").string() + "\"\n";
  const std::string configuration = site.path() / "service.conf";
  overwrite(configuration, store);
  std::filesystem::permissions(configuration, std::filesystem::perms(0644));
  const auto credctl = [&](Site::Words words, const std::string& input) {
    words.insert(words.begin(), {CREDCTL, "--config", configuration});
    return run({.argv = words, .input = input}).exit;
  };
  REQUIRE(credctl({"init"}, "") == 0);
  REQUIRE(credctl({"user", "add", "ann", "--stdin"}, right_password + std::string("\n")) == 0);
  const auto credentials = site.path() / "credentials";
  std::filesystem::create_directory(credentials);
  REQUIRE(
      shell("install -o nobody -m 0440 \"$1\" \"$2/root.key\"", {site.key(), credentials}).exit ==
      0);
  const Process credd(
      {.argv = {"setpriv", "--reuid", "nobody", "--clear-groups", "--bounding-set=-all",
                "--no-new-privs", CREDD, "--config", configuration},
       .environment = {"CREDENTIALS_DIRECTORY=" + credentials.string()}});
  const std::string socket = own / "credd.sock";
  auto channel = connect_to(socket);
  for (int i = 0; i < 3000 && !channel.open(); ++i) {
    std::this_thread::sleep_for(10ms);
    channel = connect_to(socket);
  }
  CHECK(ask(channel, asking(wire::Kind::authenticate, "ann", right_password)).code ==
        Code::accepted);
  // Root beside it leaves nothing that it could not open.
  CHECK(credctl({"verify", "ann", "--stdin"}, right_password + std::string("\n")) == 0);
  CHECK(ask(channel, asking(wire::Kind::authenticate, "ann", right_password)).code ==
        Code::accepted);
}

TEST_CASE("a program that runs as root for somebody else resets nothing") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  const Credd credd(site);
  auto channel = credd.connect();
  auto reset = asking(wire::Kind::reset, "ann", other_password);
  reset.real_uid = 1000;
  CHECK(ask(channel, reset).code == Code::configuration);
  CHECK(site.verify("ann", right_password) == 0);
  reset.real_uid = 0;
  CHECK(ask(channel, reset).code == Code::accepted);
}

TEST_CASE("root in person enrols what another module found right, for a name without an account") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
  const Credd credd(site);
  auto channel = credd.connect();
  auto enrol = asking(wire::Kind::enrol, "ann", right_password);
  enrol.real_uid = 1000;
  CHECK(ask(channel, enrol).code == Code::configuration);
  CHECK(as_user("nobody", [&] {
          auto own = credd.connect();
          return static_cast<int>(
              ask(own, asking(wire::Kind::enrol, "nobody", right_password)).code);
        }) == static_cast<int>(Code::configuration));
  CHECK(site.sql("SELECT count(*) FROM account").starts_with("0"));
  enrol.real_uid = 0;
  CHECK(ask(channel, enrol).code == Code::accepted);
  CHECK(log_in(credd, "ann", right_password).code == Code::accepted);
  CHECK(ask(channel, asking(wire::Kind::enrol, "ann", other_password)).code == Code::conflict);
  CHECK(log_in(credd, "ann", other_password).code == Code::refused);
  // It cannot be a new one.
  CHECK(site.run({"passwd", "ann", "--stdin"}, right_password + std::string("\n")).exit == 1);
  // Its owner is in by now: refusing it would keep the account where it is.
  const auto weak = ask(channel, asking(wire::Kind::enrol, "ben", "simple"));
  CHECK(weak.code == Code::must_change);
  CHECK(weak.reason == wire::Reason::policy);
  CHECK(log_in(credd, "ben", "simple").code == Code::must_change);
  CHECK(ask(channel, asking(wire::Kind::enrol, "eve", "two\nlines")).code == Code::usage);
  CHECK(ask(channel, asking(wire::Kind::enrol, "a:b", right_password)).code == Code::usage);
  CHECK(site.sql("SELECT count(*) FROM account").starts_with("2"));
}

TEST_CASE("threads of one credd speak different languages") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  const Credd credd(site);
  std::atomic<int> mixed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&, i] {
      auto channel = credd.connect();
      auto request = asking(wire::Kind::check, "ann", "short1A");
      request.source.language = i % 2 == 0 ? "de_DE.UTF-8" : "en";
      for (int k = 0; k < 20; ++k) {
        const auto heard = ask(channel, request);
        const char* expected = i % 2 == 0 ? "zu kurz" : "too short";
        if (heard.messages.find(expected) == std::string::npos) ++mixed;
      }
    });
  for (auto& caller : callers) caller.join();
  CHECK(mixed == 0);
}

TEST_CASE("SIGTERM answers what is under way and leaves no socket") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  Credd credd(site);
  std::vector<wire::Channel> channels;
  for (int i = 0; i < 20; ++i) {
    channels.push_back(credd.connect());
    REQUIRE(
        channels.back().send(wire::encode(asking(wire::Kind::authenticate, "ann", right_password)),
                             patience_ms) == wire::Io::done);
  }
  std::this_thread::sleep_for(50ms);  // they are read, not answered
  credd.process().kill(SIGTERM);
  int accepted = 0;
  for (auto& channel : channels) {
    Secret body;
    wire::Reply reply;
    if (channel.receive(body, patience_ms) == wire::Io::done && wire::decode(body.bytes(), reply))
      accepted += reply.code == Code::accepted ? 1 : 0;
  }
  CHECK(accepted == 20);
  CHECK(credd.process().wait().exit == 0);
  CHECK(access(credd.socket().c_str(), F_OK) != 0);
}

TEST_CASE("SIGHUP reads the configuration anew, and a wrong one changes nothing") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  Credd credd(site);
  const auto refused = [&] {
    auto channel = credd.connect();
    return ask(channel, asking(wire::Kind::check, "ann", "Kv7wmRt2xq")).code == Code::refused;
  };
  CHECK_FALSE(refused());
  const auto reload = [&](const std::string& policy) {
    site.configure(service_settings(site, policy));
    credd.process().kill(SIGHUP);
    std::this_thread::sleep_for(300ms);
  };
  reload("[policy]\nmin_length = 20\n");
  CHECK(refused());
  reload("[policy]\nmin_lenght = 2\n");
  CHECK(refused());
  CHECK(log_in(credd, "ann", right_password).code == Code::accepted);
}

TEST_CASE("a second credd does not take the first one's socket, a dead one's is replaced") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  {
    Credd first(site);
    const auto second = run({.argv = {CREDD, "--config", site.configuration()}});
    CHECK(second.exit == 7);
    CHECK(second.err.find("credd.sock") != std::string::npos);
    CHECK(log_in(first, "ann", right_password).code == Code::accepted);
    first.process().kill(SIGKILL);
    (void)first.process().wait();
  }
  const Credd third(site);
  CHECK(log_in(third, "ann", right_password).code == Code::accepted);
}

TEST_CASE("callers that say nothing, rubbish or half a request cost the others nothing") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  const Credd credd(site, {"prlimit", "--nofile=300:300"});
  // More than there are descriptors for: the oldest idle ones are let go.
  std::vector<wire::Channel> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(credd.connect());
    if (i % 3 == 0) (void)send(idle.back().fd(), "\0\0", 2, MSG_NOSIGNAL);
    if (i % 3 == 1) (void)send(idle.back().fd(), "\0\0\0\x40garbage", 11, MSG_NOSIGNAL);
    if (i % 3 == 2 && i % 2 == 0) (void)send(idle.back().fd(), "\xff\xff\xff\xff", 4, MSG_NOSIGNAL);
  }
  for (int i = 0; i < 3; ++i) CHECK(log_in(credd, "ann", right_password).code == Code::accepted);
}

TEST_CASE("a caller that hangs up is not hashed for") {
  Site site;
  site.configure("[hash]\nmemory = \"64 MiB\"\n" + std::string(patient) + "[broker]\nsocket = \"" +
                 (site.path() / "credd.sock").string() + "\"\n");
  site.init();
  site.add("ann");
  site.add("ben");
  const Credd credd(site);
  for (int i = 0; i < 40; ++i) {
    auto channel = credd.connect();
    (void)channel.send(wire::encode(asking(wire::Kind::authenticate, "ann", wrong_password)),
                       patience_ms);
  }
  CHECK(log_in(credd, "ben", right_password).code == Code::accepted);
  // One or two were under way before they were gone; the rest left no trace.
  CHECK(site.status("ann")["failures"] <= 3);
}
