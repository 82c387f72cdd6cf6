#include "host.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

using namespace cred;
using wire::Kind;
using wire::Reason;
using Lines = std::vector<std::string>;
using Kinds = std::vector<Kind>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

namespace {
const std::string notice = "<" + std::to_string(LOG_NOTICE) + "> ";
const std::string alert = "<" + std::to_string(LOG_ALERT) + "> ";
const std::string err = "<" + std::to_string(LOG_ERR) + "> ";
}  // namespace

TEST_CASE("the right password is asked for once and lets in") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"ask: Password: "});
  CHECK(result.log.empty());
  CHECK(result.delay == 0);
  REQUIRE(credd.kinds() == Kinds{Kind::authenticate});
  CHECK(credd.seen()[0].realm == "system");
  CHECK(credd.seen()[0].account == "ann");
  CHECK(credd.seen()[0].password == "Correct7horse");
}

TEST_CASE("credd learns where a login comes from, and no more than a message holds") {
  const ScriptedCredd credd;
  Host host(stack(credd, "realm=shop"), "ann", "sshd");
  const std::string long_name = std::string(wire::max_text_bytes - 1, 'h') + "\xc3\xa9" + "tail";
  (void)pam_set_item(host.handle(), PAM_TTY, "pts/3");
  (void)pam_set_item(host.handle(), PAM_RHOST, long_name.c_str());
  (void)pam_set_item(host.handle(), PAM_RUSER, "bob");
  REQUIRE(host.authenticate({"Correct7horse"}).code == PAM_SUCCESS);
  const Seen seen = credd.seen().at(0);
  CHECK(seen.realm == "shop");
  CHECK(seen.service == "sshd");
  CHECK(seen.tty == "pts/3");
  CHECK(seen.ruser == "bob");
  CHECK(seen.rhost == std::string(wire::max_text_bytes - 1, 'h'));
}

TEST_CASE("a wrong password is PAM_AUTH_ERR, delayed and logged in the shape that watchers know") {
  const ScriptedCredd credd;
  Host host(stack(credd), "ann", "sshd");
  (void)pam_set_item(host.handle(), PAM_TTY, "ssh");
  (void)pam_set_item(host.handle(), PAM_RHOST, "192.0.2.7\nforged: user=root");
  const Result result = host.authenticate({"Wrong7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(credd.kinds() == Kinds{Kind::authenticate, Kind::account});
  CHECK(result.delay >= 1'000'000);
  CHECK(result.delay <= 3'000'000);
  REQUIRE(result.log.size() == 1);
  CHECK(result.log[0].starts_with(notice + "authentication failure; logname="));
  CHECK(mentions(result.log, " uid=" + std::to_string(getuid()) +
                                 " euid=" + std::to_string(geteuid()) +
                                 " tty=ssh ruser= rhost=192.0.2.7?forged:?user=root  user=ann"));
  CHECK_FALSE(mentions(result.log, "Wrong7horse"));
}

TEST_CASE("nodelay asks for no delay") {
  const ScriptedCredd credd;
  Host host(stack(credd, "nodelay"));
  const Result result = host.authenticate({"Wrong7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.delay == 0);
}

TEST_CASE("an unknown user is PAM_USER_UNKNOWN after the same work, and is not named in the log") {
  const ScriptedCredd credd;
  Host host(stack(credd), "hunter2");
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_USER_UNKNOWN);
  CHECK(result.said == Lines{"ask: Password: "});
  CHECK(credd.kinds() == Kinds{Kind::authenticate, Kind::account});
  CHECK(result.delay >= 1'000'000);
  CHECK(mentions(result.log, "authentication failure; "));
  CHECK_FALSE(mentions(result.log, "hunter2"));
}

TEST_CASE("an account that is locked after failures is PAM_AUTH_ERR like a wrong password") {
  World world;
  world.authenticated = says(Code::locked, Reason::locked);
  world.account = says(Code::locked, Reason::locked);
  const ScriptedCredd credd(world);
  Host host(stack(credd));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.said == Lines{"ask: Password: "});
}

TEST_CASE("a password that must be changed authenticates, and the account phase tells the rest") {
  World world;
  world.authenticated = says(Code::must_change, Reason::expired);
  const ScriptedCredd credd(world);
  Host host(stack(credd));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"ask: Password: "});
}

TEST_CASE("a realm that credd does not have is PAM_USER_UNKNOWN") {
  World world;
  world.refused = says(Code::not_found);
  const ScriptedCredd credd(world);
  Host host(stack(credd, "realm=nowhere"));
  CHECK(host.authenticate({"x"}).code == PAM_USER_UNKNOWN);
}

TEST_CASE("a name that no account can have is PAM_USER_UNKNOWN before anything is asked") {
  const ScriptedCredd credd;
  const std::string long_name(wire::max_text_bytes + 1, 'n');
  const char* const names[] = {"",   "-l",  "+ann", "../ann", ".",
                               "..", "a:b", "a\nb", "\177",   long_name.c_str()};
  for (const char* name : names) {
    Host host(stack(credd), name);
    const Result result = host.authenticate({"Correct7horse"});
    CAPTURE(name);
    CHECK(result.code == PAM_USER_UNKNOWN);
    CHECK(result.said.empty());
  }
  CHECK(credd.seen().empty());
}

TEST_CASE("without a name libpam asks for one, and a failure to answer is passed on") {
  const ScriptedCredd credd;
  {
    Host host(stack(credd), nullptr);
    const Result result = host.authenticate({"ann", "Correct7horse"});
    CHECK(result.code == PAM_SUCCESS);
    CHECK(result.said.size() == 2);
  }
  {
    Host host(stack(credd), nullptr);
    CHECK(host.authenticate({Answer::failing(PAM_CONV_ERR)}).code == PAM_CONV_ERR);
  }
  {
    Host host(stack(credd), nullptr);
    CHECK(host.authenticate({Answer::failing(PAM_CONV_AGAIN)}).code == PAM_INCOMPLETE);
    CHECK(host.authenticate({"ann", "Correct7horse"}).code == PAM_SUCCESS);
  }
}

TEST_CASE("a password of 1,024 bytes is sent whole, and a longer one is refused unsent") {
  World world;
  world.password = std::string(max_password_bytes, 'p');
  const ScriptedCredd credd(world);
  Host host(stack(credd));
  CHECK(host.authenticate({world.password}).code == PAM_SUCCESS);
  const Result result = host.authenticate({world.password + "p"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(credd.kinds() == Kinds{Kind::authenticate, Kind::account});
}

TEST_CASE("sshd's answer for an invalid user is neither logged nor let in") {
  const ScriptedCredd credd;
  Host host(stack(credd, "debug"), "nobody-here", "sshd");
  const Result result = host.authenticate({"\b\n\r\177INCORRECT"});
  CHECK(result.code == PAM_USER_UNKNOWN);
  CHECK_FALSE(mentions(result.log, "INCORRECT"));
}

TEST_CASE("PAM_DISALLOW_NULL_AUTHTOK refuses an empty password after the same request") {
  World world;
  world.password = "";
  const ScriptedCredd credd(world);
  Host host(stack(credd, "nullok"));
  CHECK(host.authenticate({""}, PAM_DISALLOW_NULL_AUTHTOK).code == PAM_AUTH_ERR);
  CHECK(credd.kinds() == Kinds{Kind::authenticate, Kind::account});
}

TEST_CASE("a refusal stands when credd is lost before it says whether the account exists") {
  World world;
  world.silent_at = Kind::account;
  const ScriptedCredd credd(world);
  Host host(stack(credd));
  const Result result = host.authenticate({"Wrong7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK_FALSE(mentions(result.log, "user=ann"));
}

TEST_CASE("PAM_SILENT does not hide the prompt or the log") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  const Result result = host.authenticate({"Wrong7horse"}, PAM_SILENT);
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.said == Lines{"ask: Password: "});
  CHECK(mentions(result.log, "authentication failure; "));
}

TEST_CASE("every trouble that credd reports is PAM_AUTHINFO_UNAVAIL with its own log level") {
  const struct {
    Code code;
    const std::string& level;
  } troubles[] = {{Code::configuration, alert},
                  {Code::integrity, alert},
                  {Code::unavailable, err},
                  {Code::internal, err}};
  for (const auto& trouble : troubles) {
    World world;
    world.authenticated = world.account = says(trouble.code);
    const ScriptedCredd credd(world);
    Host host(stack(credd));
    for (const Result& result : {host.authenticate({"Correct7horse"}), host.account()}) {
      CAPTURE(word(trouble.code));
      CHECK(result.code == PAM_AUTHINFO_UNAVAIL);
      REQUIRE(result.log.size() == 1);
      CHECK(result.log[0] == trouble.level + "credd reports trouble: " + word(trouble.code));
      CHECK(result.delay == 0);
    }
  }
}

TEST_CASE("a credd that answers with rubbish or not at all is PAM_AUTHINFO_UNAVAIL") {
  const auto bytes = [](std::string text) {
    return [text](int fd) {
      char request[4096];
      (void)recv(fd, request, sizeof request, 0);
      (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    };
  };
  ScriptedCredd credd;
  Host host(stack(credd));
  const std::string answers[] = {
      "",                                        // closes without a word
      std::string("\0\0", 2),                    // closes inside the header
      std::string("\0\0\0\x30 half", 9),         // closes inside the body
      std::string("\0\0\0\0", 4),                // a frame of no bytes
      "HTTP/1.1 400 Bad Request\r\n\r\n",        // a length past any bound
      std::string("\0\0\0\x03\x01\x80\x63", 7),  // an unknown code
      std::string("\0\0\0\x02\x02\x80", 6),      // another version
  };
  for (const std::string& answer : answers) {
    credd.act(bytes(answer));
    const Result result = host.authenticate({"Correct7horse"});
    CHECK(result.code == PAM_AUTHINFO_UNAVAIL);
    CHECK(mentions(result.log, err + "credd: "));
    CHECK(host.account().code == PAM_AUTHINFO_UNAVAIL);
  }
}

TEST_CASE("a credd that hangs is given up after a while") {
  ScriptedCredd credd;
  credd.act([](int fd) {
    char byte = 0;
    while (recv(fd, &byte, 1, 0) > 0) {}
  });
  Host host(stack_of(PAM_CRED_IMPATIENT, "socket=" + credd.socket()));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_AUTHINFO_UNAVAIL);
  CHECK(result.log == Lines{err + "credd: no answer in time"});
  CHECK(host.account().code == PAM_AUTHINFO_UNAVAIL);
}

TEST_CASE("without a credd the answer is PAM_AUTHINFO_UNAVAIL, for root and for others") {
  const auto body = [] {
    Host host(stack_of(PAM_CRED, "socket=/nonexistent/credd.sock config=/nonexistent/cred.conf"));
    Result first = host.authenticate({"Correct7horse"});
    if (host.account().code != first.code) first.code = -2;
    return first;
  };
  const Result unprivileged = in_child([&] {
    if (geteuid() == 0 && setresuid(1000, 1000, 1000) != 0) return Result{};
    // The temporary directory of the host belongs to whoever runs it.
    return body();
  });
  CHECK(unprivileged.code == PAM_AUTHINFO_UNAVAIL);
  CHECK(mentions(unprivileged.log, "cannot reach credd: No such file or directory"));
  if (geteuid() == 0) CHECK(body().code == PAM_AUTHINFO_UNAVAIL);
}

TEST_CASE("without memory the answer is PAM_BUF_ERR") {
  if (sanitized) return;
  const ScriptedCredd credd;
  const Result result = in_child([&] {
    Host host(stack(credd));
    const rlimit none{1, 1};
    if (setrlimit(RLIMIT_AS, &none) != 0) return Result{};
    return host.authenticate({"Correct7horse"});
  });
  CHECK(result.code == PAM_BUF_ERR);
}

TEST_CASE("a conversation that fails is passed on") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  CHECK(host.authenticate({Answer::failing(PAM_CONV_ERR)}).code == PAM_CONV_ERR);
  CHECK(host.authenticate({Answer::failing(PAM_BUF_ERR)}).code == PAM_BUF_ERR);
  CHECK(host.authenticate({Answer::nothing()}).code == PAM_CONV_ERR);
  CHECK(credd.seen().empty());
}

TEST_CASE("a conversation that is not ready is PAM_INCOMPLETE and can be resumed") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  CHECK(host.authenticate({Answer::failing(PAM_CONV_AGAIN)}).code == PAM_INCOMPLETE);
  CHECK(host.authenticate({"Correct7horse"}).code == PAM_SUCCESS);
}

TEST_CASE("a host without a conversation function is PAM_CONV_ERR") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  const pam_conv none{nullptr, &host};  // the delay function reads the second
  (void)pam_set_item(host.handle(), PAM_CONV, &none);
  const auto result = host.run([](pam_handle_t* h) { return pam_authenticate(h, 0); });
  CHECK(result.code == PAM_CONV_ERR);
}

TEST_CASE("a password that an earlier module took is used, and none is asked for") {
  const ScriptedCredd credd;
  const std::string module = std::string(PAM_CRED) + " socket=" + credd.socket();
  for (const char* argument : {"", " try_first_pass", " use_first_pass"}) {
    Host host("auth optional " + module + "\nauth required " + module + argument + "\n");
    const Result result = host.authenticate({"Correct7horse"});
    CHECK(result.code == PAM_SUCCESS);
    CHECK(result.said == Lines{"ask: Password: "});
  }
}

TEST_CASE("use_first_pass without an earlier password is PAM_AUTH_ERR and asks nothing") {
  const ScriptedCredd credd;
  Host host(stack(credd, "use_first_pass"));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.said.empty());
  CHECK(credd.seen().empty());
}

TEST_CASE("a screen locker reuses one handle and answers every prompt alike") {
  const ScriptedCredd credd;
  Host locker(stack(credd), "ann", "swaylock");
  for (int i = 0; i < 5; ++i) {
    locker.answer_blindly("Wrong7horse");
    const Result wrong = locker.authenticate({});
    CHECK(wrong.code == PAM_AUTH_ERR);
    CHECK(wrong.said == Lines{"ask: Password: "});
    locker.answer_blindly("Correct7horse");
    CHECK(locker.authenticate({}).code == PAM_SUCCESS);
  }
}

TEST_CASE("an unknown or senseless argument is logged and otherwise ignored") {
  const ScriptedCredd credd;
  Host host(stack(credd, "nullok try_first_pass fast retry=0 retry=11 retry=2x realm= bébé"));
  const Result result = host.authenticate({"Correct7horse"});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.log == Lines{err + "ignored argument: fast", err + "ignored argument: retry=0",
                            err + "ignored argument: retry=11", err + "ignored argument: retry=2x",
                            err + "ignored argument: realm=", err + "ignored argument: bébé"});
}

TEST_CASE("debug logs the steps and never a secret") {
  const ScriptedCredd credd;
  Host host(stack(credd, "debug"));
  const Result right = host.authenticate({"Correct7horse"});
  CHECK(right.code == PAM_SUCCESS);
  CHECK(mentions(right.log, "<" + std::to_string(LOG_DEBUG) + "> "));
  CHECK_FALSE(mentions(right.log, "Correct7horse"));
}

TEST_CASE("credentials, and the end of a session, succeed without asking credd") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  for (const int flag :
       {PAM_ESTABLISH_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED, PAM_DELETE_CRED})
    CHECK(host.run([=](pam_handle_t* h) { return pam_setcred(h, flag); }).code == PAM_SUCCESS);
  CHECK(host.run([](pam_handle_t* h) { return pam_close_session(h, 0); }).code == PAM_SUCCESS);
  CHECK(credd.seen().empty());
}
