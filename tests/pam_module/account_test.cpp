#include "host.hpp"

#include <catch2/catch.hpp>

#include <syslog.h>

using namespace cred;
using wire::Kind;
using wire::Reason;
using Lines = std::vector<std::string>;

namespace {

Result account(const wire::Reply& reply, int flags = 0, const char* user = "ann") {
  World world;
  world.account = reply;
  const ScriptedCredd credd(world);
  Host host(stack(credd), user);
  return host.account(flags);
}

}  // namespace

TEST_CASE("an account in order passes without a word") {
  const Result result = account(says(Code::accepted));
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said.empty());
}

TEST_CASE("what credd has to tell is shown, unless the host wants silence") {
  const auto reply = says(Code::accepted, Reason::none, {"one", "two"});
  const Result result = account(reply);
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"info: one", "info: two"});
  CHECK(account(reply, PAM_SILENT).said.empty());
  // A reason beside `accepted` stops nobody: no password was needed.
  CHECK(account(says(Code::accepted, Reason::grace_over)).code == PAM_SUCCESS);
}

namespace {

// Whether the account phase tells credd that no password was given.
bool passwordless(const char* service, const char* methods, bool password_given = false) {
  const ScriptedCredd credd;
  Host host(stack(credd), "ann", service);
  if (methods != nullptr)
    (void)pam_putenv(host.handle(), (std::string("SSH_AUTH_INFO_0=") + methods).c_str());
  if (password_given) REQUIRE(host.authenticate({"Correct7horse"}).code == PAM_SUCCESS);
  REQUIRE(host.account().code == PAM_SUCCESS);
  return credd.seen().back().passwordless;
}

}  // namespace

TEST_CASE("jobs come without a password, and sshd with a key") {
  for (const char* job : {"cron", "crond", "atd", "systemd-user"})
    CHECK(passwordless(job, nullptr));
  CHECK(passwordless("sshd", ""));  // at the moment of the account phase
  CHECK(passwordless("sshd", "publickey ssh-ed25519 AAAA"));
  CHECK(passwordless("sshd", "publickey ssh-ed25519 AAAA\nhostbased ssh-rsa BBBB"));
}

TEST_CASE("a password that was given is not forgotten, whatever sshd or an environment says") {
  for (const char* service : {"sshd", "login", "su", "sudo"})
    CHECK_FALSE(passwordless(service, nullptr));
  CHECK_FALSE(passwordless("sshd", "", true));
  CHECK_FALSE(passwordless("sshd", "password"));
  CHECK_FALSE(passwordless("sshd", "publickey ssh-ed25519 AAAA\nkeyboard-interactive/pam"));
  CHECK_FALSE(passwordless("sshd", "publickey ssh-ed25519 AAAA", true));
  CHECK_FALSE(passwordless("cron", nullptr, true));
  // Somebody's environment file speaks here, not sshd.
  CHECK_FALSE(passwordless("login", "publickey ssh-ed25519 AAAA"));
}

TEST_CASE("a password that must be changed is PAM_NEW_AUTHTOK_REQD with the reason") {
  const struct {
    Reason reason;
    const char* text;
  } reasons[] = {
      {Reason::expired, "error: Your password has expired and must be changed now."},
      {Reason::forced, "error: An administrator requires you to change your password now."},
      {Reason::compromised, "error: Your password may be known to others and must be changed now."},
  };
  for (const auto& [reason, text] : reasons) {
    const Result result = account(says(Code::must_change, reason));
    CHECK(result.code == PAM_NEW_AUTHTOK_REQD);
    CHECK(result.said == Lines{text});
    const Result silent = account(says(Code::must_change, reason), PAM_SILENT);
    CHECK(silent.code == PAM_NEW_AUTHTOK_REQD);
    CHECK(silent.said.empty());
  }
}

TEST_CASE("a password expired past the grace period is PAM_AUTHTOK_EXPIRED") {
  CHECK(account(says(Code::must_change, Reason::grace_over)).code == PAM_AUTHTOK_EXPIRED);
  CHECK(account(says(Code::locked, Reason::grace_over)).code == PAM_AUTHTOK_EXPIRED);
}

TEST_CASE("a locked account is PAM_PERM_DENIED and a disabled one PAM_ACCT_EXPIRED") {
  CHECK(account(says(Code::locked, Reason::locked)).code == PAM_PERM_DENIED);
  CHECK(account(says(Code::locked, Reason::disabled)).code == PAM_ACCT_EXPIRED);
}

TEST_CASE("an account that credd does not have is PAM_USER_UNKNOWN") {
  const Result result = account(says(Code::accepted), 0, "bob");
  CHECK(result.code == PAM_USER_UNKNOWN);
  CHECK(result.log.empty());
}

TEST_CASE("an answer that makes no sense for an account lets nobody in") {
  for (const Code code : {Code::refused, Code::usage, Code::conflict}) {
    const Result result = account(says(code));
    CHECK(result.code == PAM_AUTHINFO_UNAVAIL);
    CHECK(mentions(result.log, "<" + std::to_string(LOG_ERR) + "> "));
  }
}
