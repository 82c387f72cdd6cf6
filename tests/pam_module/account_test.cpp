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

TEST_CASE("a password about to expire is warned of, in days") {
  wire::Reply reply = says(Code::accepted);
  reply.warn = true;
  reply.days_left = 1;
  CHECK(account(reply).said == Lines{"info: Warning: your password will expire in 1 day."});
  reply.days_left = 6;
  const Result result = account(reply);
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"info: Warning: your password will expire in 6 days."});
  CHECK(account(reply, PAM_SILENT).said.empty());
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
