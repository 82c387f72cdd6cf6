// pam_cred.so behind another module, whose part another pam_cred.so plays here.
#include "host.hpp"

#include <catch2/catch.hpp>

#include <syslog.h>
#include <unistd.h>

using namespace cred;
using wire::Kind;
using Kinds = std::vector<Kind>;

namespace {

constexpr const char* right = "Correct7horse";
constexpr const char* wrong = "Wrong7horse";

// `decider` says whether a password is right; `taker` is to have it.
std::string stack_of(const ScriptedCredd& decider, const ScriptedCredd& taker) {
  const std::string module = PAM_CRED " socket=";
  const std::string migrate = module + taker.socket() + " migrate\n";
  // Goes on to the next line after a wrong password.
  return "auth required " + module + decider.socket() + " nodelay\nauth optional " + migrate +
         "account required " + module + decider.socket() + "\naccount optional " + migrate +
         "session required pam_permit.so\nsession optional " + migrate;
}

// libpam lets modules alone set what sshd tells them so.
int set_methods(Host& host, const char* methods) {
  return pam_putenv(host.handle(), (std::string("SSH_AUTH_INFO_0=") + methods).c_str());
}

int begin_session(Host& host) {
  return host.run([](pam_handle_t* handle) { return pam_open_session(handle, 0); }).code;
}

int set_credentials(Host& host, int flags) {
  return host.run([flags](pam_handle_t* handle) { return pam_setcred(handle, flags); }).code;
}

}  // namespace

TEST_CASE("a password that was right is taken once the host goes on, and once") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  Host host(stack_of(decider, taker), "ann", "login");
  CHECK(host.authenticate({right}).code == PAM_SUCCESS);
  CHECK(taker.kinds().empty());
  const Result result = host.account();
  CHECK(result.code == PAM_SUCCESS);
  CHECK(mentions(result.log, "the password of ann is kept by libcred now"));
  REQUIRE(taker.kinds() == Kinds{Kind::enrol});
  CHECK(taker.seen()[0].account == "ann");
  CHECK(taker.seen()[0].password == right);
  CHECK(taker.seen()[0].realm == "system");
  CHECK(host.account().code == PAM_SUCCESS);
  CHECK(set_credentials(host, PAM_ESTABLISH_CRED) == PAM_SUCCESS);
  CHECK(taker.kinds().size() == 1);
}

TEST_CASE("credentials that are set have it taken, too, and those that are deleted do not") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  Host host(stack_of(decider, taker));
  CHECK(host.authenticate({right}).code == PAM_SUCCESS);
  (void)set_credentials(host, PAM_DELETE_CRED);
  CHECK(taker.kinds().empty());
  CHECK(set_credentials(host, PAM_ESTABLISH_CRED) == PAM_SUCCESS);
  CHECK(taker.kinds() == Kinds{Kind::enrol});
}

TEST_CASE("a password that was wrong is not taken, although the stack came to the line") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  {
    Host host(stack_of(decider, taker));
    CHECK(host.authenticate({wrong}).code == PAM_AUTH_ERR);
  }
  CHECK(taker.kinds().empty());
  // A locker tries again with the same handle.
  Host host(stack_of(decider, taker));
  CHECK(host.authenticate({wrong}).code == PAM_AUTH_ERR);
  CHECK(host.authenticate({right}).code == PAM_SUCCESS);
  CHECK(host.account().code == PAM_SUCCESS);
  REQUIRE(taker.kinds() == Kinds{Kind::enrol});
  CHECK(taker.seen()[0].password == right);
}

TEST_CASE("sshd's password is taken when it has told that a password it was") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  Host host(stack_of(decider, taker), "ann", "sshd");
  const auto comes_by = [&](const char* password, const char* methods) {
    const int authenticated = host.authenticate({password}).code;
    // Which method it was is told after the account.
    REQUIRE(set_methods(host, "") == PAM_SUCCESS);
    CHECK(host.account().code == PAM_SUCCESS);
    CHECK(taker.kinds().empty());
    REQUIRE(set_methods(host, methods) == PAM_SUCCESS);
    CHECK(begin_session(host) == PAM_SUCCESS);
    return authenticated;
  };
  SECTION("a password") {
    CHECK(comes_by(right, "password\n") == PAM_SUCCESS);
    CHECK(taker.kinds() == Kinds{Kind::enrol});
  }
  SECTION("a key, after a wrong password") {
    CHECK(comes_by(wrong, "publickey ssh-ed25519 AAAA\n") == PAM_AUTH_ERR);
    CHECK(taker.kinds().empty());
  }
  SECTION("both") {
    REQUIRE(host.authenticate({right}).code == PAM_SUCCESS);
    REQUIRE(set_methods(host, "publickey ssh-ed25519 AAAA\n") == PAM_SUCCESS);
    CHECK(host.account().code == PAM_SUCCESS);
    CHECK(taker.kinds().empty());
    REQUIRE(set_methods(host, "publickey ssh-ed25519 AAAA\npassword\n") == PAM_SUCCESS);
    CHECK(begin_session(host) == PAM_SUCCESS);
    CHECK(taker.kinds() == Kinds{Kind::enrol});
  }
}

TEST_CASE(
    "a keyboard-interactive login is over when the process that asked ends, and is taken there") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  Host host(stack_of(decider, taker), "ann", "sshd");
  REQUIRE(set_methods(host, "") == PAM_SUCCESS);
  CHECK(host.authenticate({right}).code == PAM_SUCCESS);
  CHECK(host.account().code == PAM_SUCCESS);
  CHECK(taker.kinds() == Kinds{Kind::enrol});
}

TEST_CASE("nothing is asked for and nothing is decided by a line that only takes passwords") {
  if (getuid() != 0) return;
  World world;
  const ScriptedCredd taker;
  const std::string migrate = PAM_CRED " migrate socket=" + taker.socket() + "\n";
  Host alone("auth required pam_permit.so\nauth optional " + migrate +
             "account required pam_permit.so\naccount required " + migrate);
  const Result asked = alone.authenticate({right});
  CHECK(asked.code == PAM_SUCCESS);
  CHECK(asked.said.empty());
  CHECK(alone.account().code == PAM_SUCCESS);
  CHECK(taker.kinds().empty());
  for (const Code code : {Code::conflict, Code::must_change, Code::usage, Code::configuration,
                          Code::unavailable, Code::internal}) {
    world.enrolled = says(code);
    const ScriptedCredd decider;
    const ScriptedCredd unwilling(world);
    Host host(stack_of(decider, unwilling));
    CHECK(host.authenticate({right}).code == PAM_SUCCESS);
    const Result result = host.account();
    CHECK(result.code == PAM_SUCCESS);
    CHECK(result.said.empty());
    CHECK(unwilling.kinds() == Kinds{Kind::enrol});
    CHECK_FALSE(mentions(result.log, right));
  }
}

TEST_CASE("a program that acts for somebody else than root has nothing taken") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  const Result result = in_child(
      [&] {
        Host host(stack_of(decider, taker), "ann", "su");
        (void)host.authenticate({right});
        return host.account();
      },
      65534);
  CHECK(result.code == PAM_SUCCESS);
  CHECK(taker.kinds().empty());
}

TEST_CASE("what is kept of a try goes with the handle, and so does the module") {
  if (getuid() != 0) return;
  const ScriptedCredd decider;
  const ScriptedCredd taker;
  const long locked = status_number("VmLck");
  for (int i = 0; i < 20; ++i) {
    Host host(stack_of(decider, taker));
    CHECK(host.authenticate({right}).code == PAM_SUCCESS);
    CHECK(host.authenticate({wrong}).code == PAM_AUTH_ERR);
  }
  decider.wait_until_idle();
  CHECK(status_number("VmLck") <= locked + 64);
  CHECK(taker.kinds().empty());
  CHECK(file_text("/proc/self/maps").find("pam_cred") == std::string::npos);
}
