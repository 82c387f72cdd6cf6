#include "host.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <dlfcn.h>
#include <syslog.h>
#include <unistd.h>

using namespace cred;
using wire::Kind;
using wire::Reason;
using Lines = std::vector<std::string>;
using Kinds = std::vector<Kind>;

namespace {

constexpr unsigned root = 0;
constexpr unsigned owner = 1000;

const char* const old_password = "Correct7horse";
const char* const new_password = "Fresh8battery";

// A program that is setuid root, as passwd is, run by `uid`. Unless the tests
// run as root the real user is whoever runs them.
Result change(const ScriptedCredd& credd, unsigned uid, const std::string& arguments,
              std::deque<Answer> answers, int flags = 0) {
  return in_child(
      [&] {
        Host host(stack(credd, arguments), "ann", "passwd");
        return host.change(std::move(answers), flags);
      },
      geteuid() == 0 ? std::optional(uid) : std::nullopt);
}

World with_checks(std::vector<wire::Reply> checks) {
  World world;
  world.checks = std::move(checks);
  return world;
}

// What only root can be shown to do.
bool can_be_root() {
  if (getuid() == 0) return true;
  WARN("not run as root: a reset is not tested");
  return false;
}

}  // namespace

TEST_CASE("a person changes their password by the current one and the new one twice") {
  const ScriptedCredd credd;
  const Result result = change(credd, owner, "", {old_password, new_password, new_password});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said ==
        Lines{"ask: Current password: ", "ask: New password: ", "ask: Retype new password: "});
  CHECK(has(result.log, "<" + std::to_string(LOG_NOTICE) + "> password changed for ann"));
  REQUIRE(credd.kinds() == Kinds{Kind::account, Kind::authenticate, Kind::check, Kind::change});
  const auto seen = credd.seen();
  CHECK(seen[1].password == old_password);
  for (const std::size_t i : {2U, 3U}) {
    CHECK(seen[i].old_password == old_password);
    CHECK(seen[i].password == new_password);
  }
}

TEST_CASE("advice on an acceptable password is shown before it is typed again") {
  const ScriptedCredd credd(with_checks({says(Code::accepted, Reason::none, {"add a word"})}));
  const Lines said = change(credd, owner, "", {old_password, new_password, new_password}).said;
  CHECK(said == Lines{"ask: Current password: ", "ask: New password: ", "info: add a word",
                      "ask: Retype new password: "});
}

TEST_CASE("root resets a password without knowing it, and never sends an old one") {
  if (!can_be_root()) return;
  World world;
  world.account = says(Code::locked, Reason::locked);
  const ScriptedCredd credd(world);
  const Result result = change(credd, root, "", {new_password, new_password});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"ask: New password: ", "ask: Retype new password: "});
  REQUIRE(credd.kinds() == Kinds{Kind::account, Kind::check, Kind::reset});
  CHECK(credd.seen()[2].old_password.empty());
}

TEST_CASE("a login program that runs as root asks the person for the expired password") {
  World world;
  world.account = says(Code::must_change, Reason::expired);
  const ScriptedCredd credd(world);
  const Result result = change(credd, root, "", {old_password, new_password, new_password},
                               PAM_CHANGE_EXPIRED_AUTHTOK);
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said.front() == "ask: Current password: ");
  CHECK(credd.seen().back().old_password == old_password);
}

TEST_CASE("a change of expired passwords alone leaves a fresh one, and says so") {
  const ScriptedCredd credd;
  const Result result = change(credd, root, "", {}, PAM_CHANGE_EXPIRED_AUTHTOK);
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said == Lines{"error: Your password is not expired."});
  CHECK(change(credd, root, "", {}, PAM_CHANGE_EXPIRED_AUTHTOK | PAM_SILENT).said.empty());
}

TEST_CASE("a program that answers every prompt with the new password can reset it") {
  if (!can_be_root()) return;
  const ScriptedCredd credd;
  const Result result = in_child([&] {
    Host host(stack(credd), "ann", "chpasswd");
    host.answer_blindly(new_password);
    return host.change({});
  });
  CHECK(result.code == PAM_SUCCESS);
  for (const std::string& line : result.said) CHECK(line.starts_with("ask: "));
  CHECK(credd.seen().back().password == new_password);
}

TEST_CASE("an unknown account cannot be changed") {
  World world;
  world.name = "bob";
  const ScriptedCredd credd(world);
  CHECK(change(credd, owner, "", {}).code == PAM_USER_UNKNOWN);
  CHECK(change(credd, root, "", {}).code == PAM_USER_UNKNOWN);
}

TEST_CASE("its owner cannot change a locked, disabled or long expired account") {
  const struct {
    wire::Reply reply;
    int code;
  } rows[] = {{says(Code::locked, Reason::locked), PAM_PERM_DENIED},
              {says(Code::locked, Reason::disabled), PAM_ACCT_EXPIRED},
              {says(Code::must_change, Reason::grace_over), PAM_AUTHTOK_EXPIRED}};
  for (const auto& [reply, code] : rows) {
    World world;
    world.account = reply;
    const ScriptedCredd credd(world);
    const Result result = change(credd, owner, "", {old_password});
    CHECK(result.code == code);
    CHECK(result.said.empty());
  }
}

TEST_CASE("a password that is too young is not changed by its owner") {
  World world;
  world.account = says(Code::accepted, Reason::too_early);
  const ScriptedCredd credd(world);
  const Result result = change(credd, owner, "", {old_password});
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said == Lines{"error: You must wait longer to change your password."});
  if (can_be_root())
    CHECK(change(credd, root, "", {new_password, new_password}).code == PAM_SUCCESS);
}

TEST_CASE("a wrong current password is PAM_AUTH_ERR, delayed and logged") {
  const ScriptedCredd credd;
  const Result result = change(credd, owner, "", {"Wrong7horse"});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.delay >= 1'000'000);
  CHECK(mentions(result.log, "authentication failure; "));
  CHECK(mentions(result.log, "  user=ann"));
  CHECK(credd.kinds() == Kinds{Kind::account, Kind::authenticate});
}

TEST_CASE("an empty current password is wrong even if credd takes it, for it would mean a reset") {
  World world;
  world.password = "";
  const ScriptedCredd credd(world);
  const Result result = change(credd, owner, "", {"", new_password, new_password});
  CHECK(result.code == PAM_AUTH_ERR);
  CHECK(result.said == Lines{"ask: Current password: "});
}

TEST_CASE("a current password over 1,024 bytes is wrong") {
  const ScriptedCredd credd;
  CHECK(change(credd, owner, "", {std::string(max_password_bytes + 1, 'p')}).code == PAM_AUTH_ERR);
}

TEST_CASE("a current password that cannot be had is PAM_AUTHTOK_RECOVERY_ERR") {
  const ScriptedCredd credd;
  const Result first = change(credd, owner, "use_first_pass", {});
  CHECK(first.code == PAM_AUTHTOK_RECOVERY_ERR);
  CHECK(first.said.empty());
  const Result nothing = change(credd, owner, "", {Answer::nothing()});
  CHECK(nothing.code == PAM_AUTHTOK_RECOVERY_ERR);
  CHECK(nothing.said ==
        Lines{"ask: Current password: ", "error: Password change has been aborted."});
}

TEST_CASE("a conversation that fails during a change is passed on") {
  const ScriptedCredd credd;
  const Answer broken = Answer::failing(PAM_CONV_ERR);
  CHECK(change(credd, owner, "", {broken}).code == PAM_CONV_ERR);
  const Result fresh = change(credd, owner, "", {old_password, broken});
  CHECK(fresh.code == PAM_CONV_ERR);
  CHECK(fresh.said.back() == "error: Password change has been aborted.");
  const Result retyped = change(credd, owner, "", {old_password, new_password, broken});
  CHECK(retyped.code == PAM_CONV_ERR);
  const Result nothing = change(credd, owner, "", {old_password, Answer::nothing()});
  CHECK(nothing.code == PAM_AUTHTOK_ERR);
  CHECK(nothing.said.back() == "error: Password change has been aborted.");
}

TEST_CASE("a change resumed after PAM_INCOMPLETE still wants the new password twice") {
  const ScriptedCredd credd;
  const Answer later = Answer::failing(PAM_CONV_AGAIN);
  const Result result = in_child(
      [&] {
        Host host(stack(credd), "ann");
        if (host.change({old_password, new_password, later}).code != PAM_INCOMPLETE)
          return Result{};
        return host.change({new_password, new_password});
      },
      geteuid() == 0 ? std::optional(owner) : std::nullopt);
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said == Lines{"ask: New password: ", "ask: Retype new password: "});
}

TEST_CASE("a rejected password is told of rule by rule, and with one try that is the end") {
  const ScriptedCredd credd(with_checks({says(
      Code::refused, Reason::policy, {"The password is too short.", "It was used recently."})}));
  const Result result = change(credd, owner, "", {old_password, "short"});
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said == Lines{"ask: Current password: ", "ask: New password: ",
                             "error: BAD PASSWORD: The password is too short.",
                             "error: BAD PASSWORD: It was used recently."});
  CHECK(change(credd, owner, "", {old_password, "short"}, PAM_SILENT).said ==
        Lines{"ask: Current password: ", "ask: New password: "});
}

TEST_CASE("a message cannot command the terminal") {
  const ScriptedCredd credd(with_checks({says(Code::refused, Reason::policy, {"\033[2Jno\n"})}));
  CHECK(change(credd, owner, "", {old_password, "short"}).said.back() ==
        "error: BAD PASSWORD:  [2Jno ");
}

TEST_CASE("what is no password is rejected like a bad one") {
  const ScriptedCredd credd(with_checks({says(Code::usage, Reason::none, {"It is empty."})}));
  const Result result = change(credd, owner, "", {old_password, ""});
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said.back() == "error: BAD PASSWORD: It is empty.");
}

TEST_CASE("a new password over 1,024 bytes is rejected unsent") {
  const ScriptedCredd credd;
  const Result result =
      change(credd, owner, "", {old_password, std::string(max_password_bytes + 1, 'p')});
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said.back() == "error: BAD PASSWORD: The password is too long.");
  CHECK(credd.kinds() == Kinds{Kind::account, Kind::authenticate});
}

TEST_CASE("retry gives more tries, and using them up is PAM_MAXTRIES") {
  const wire::Reply no = says(Code::refused, Reason::policy, {"No."});
  {
    const ScriptedCredd credd(with_checks({no, says(Code::accepted)}));
    const Result result =
        change(credd, owner, "retry=2", {old_password, "a", new_password, new_password});
    CHECK(result.code == PAM_SUCCESS);
    CHECK(credd.seen().back().password == new_password);
  }
  const ScriptedCredd credd(with_checks({no}));
  const Result result = change(credd, owner, "retry=3", {old_password, "a", "b", "c", "d"});
  CHECK(result.code == PAM_MAXTRIES);
  CHECK(std::count(result.said.begin(), result.said.end(), "ask: New password: ") == 3);
}

TEST_CASE("a mistyped password counts as a try and never ends as PAM_TRY_AGAIN") {
  const ScriptedCredd credd;
  const Result once = change(credd, owner, "", {old_password, new_password, "other"});
  CHECK(once.code == PAM_AUTHTOK_ERR);
  CHECK(once.said.back() == "error: Sorry, passwords do not match.");
  const Result twice =
      change(credd, owner, "retry=2", {old_password, new_password, "other", new_password, "other"});
  CHECK(twice.code == PAM_MAXTRIES);
  const Result saved = change(credd, owner, "retry=2",
                              {old_password, new_password, "other", new_password, new_password});
  CHECK(saved.code == PAM_SUCCESS);
}

TEST_CASE("a password that credd refuses only when setting it is another try") {
  World world;
  world.change = says(Code::refused, Reason::policy, {"It was used recently."});
  const ScriptedCredd credd(world);
  const Result result = change(credd, owner, "", {old_password, new_password, new_password});
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said.back() == "error: BAD PASSWORD: It was used recently.");
}

TEST_CASE("what changed between the two phases is found out when setting the password") {
  const struct {
    wire::Reply reply;
    int code;
    std::string text;
  } rows[] = {
      {says(Code::refused, Reason::old_password), PAM_AUTH_ERR, "ask: Retype new password: "},
      {says(Code::refused, Reason::too_early), PAM_AUTHTOK_ERR,
       "error: You must wait longer to change your password."},
      {says(Code::conflict), PAM_AUTHTOK_LOCK_BUSY,
       "error: The password was changed elsewhere in the meantime; please try again."},
      {says(Code::locked, Reason::locked), PAM_PERM_DENIED, "ask: Retype new password: "},
      {says(Code::locked, Reason::disabled), PAM_ACCT_EXPIRED, "ask: Retype new password: "},
      {says(Code::not_found), PAM_USER_UNKNOWN, "ask: Retype new password: "},
      {says(Code::unavailable), PAM_AUTHTOK_LOCK_BUSY,
       "error: The password cannot be changed at the moment."},
      {says(Code::integrity), PAM_AUTHTOK_ERR,
       "error: The password cannot be changed at the moment."},
      {says(Code::configuration), PAM_AUTHTOK_ERR,
       "error: The password cannot be changed at the moment."},
      {says(Code::internal), PAM_AUTHTOK_ERR,
       "error: The password cannot be changed at the moment."},
  };
  for (const auto& row : rows) {
    World world;
    world.change = row.reply;
    const ScriptedCredd credd(world);
    const Result result =
        change(credd, owner, "retry=3", {old_password, new_password, new_password});
    CAPTURE(word(row.reply.code));
    CHECK(result.code == row.code);
    CHECK(result.said.back() == row.text);
    CHECK_FALSE(mentions(result.log, "password changed for"));
  }
}

TEST_CASE("a change is put off with PAM_TRY_AGAIN while credd is away or in trouble") {
  for (const Code code :
       {Code::unavailable, Code::integrity, Code::configuration, Code::internal}) {
    World world;
    world.account = says(code);
    const ScriptedCredd credd(world);
    CHECK(change(credd, owner, "", {}).code == PAM_TRY_AGAIN);
    CHECK(change(credd, root, "", {}).code == PAM_TRY_AGAIN);
  }
  ScriptedCredd credd;
  credd.act([](int) {});
  CHECK(change(credd, owner, "", {}).code == PAM_TRY_AGAIN);
}

TEST_CASE("a credd that is lost on the way is PAM_AUTHTOK_LOCK_BUSY, and rubbish PAM_AUTHTOK_ERR") {
  for (const Kind kind : {Kind::check, Kind::change}) {
    World world;
    world.silent_at = kind;
    ScriptedCredd credd(world);
    CHECK(change(credd, owner, "retry=2", {old_password, new_password, new_password}).code ==
          PAM_AUTHTOK_LOCK_BUSY);
    world.silent_at.reset();
    world.rubbish_at = kind;
    credd.become(world);
    CHECK(change(credd, owner, "retry=2", {old_password, new_password, new_password}).code ==
          PAM_AUTHTOK_ERR);
  }
}

TEST_CASE("use_authtok takes the new password of an earlier module, or none") {
  const ScriptedCredd credd;
  const std::string module = std::string(PAM_CRED) + " socket=" + credd.socket();
  const auto run = [&](const std::string& lines, std::deque<Answer> answers) {
    return in_child([&] { return Host(lines).change(std::move(answers)); },
                    geteuid() == 0 ? std::optional(owner) : std::nullopt);
  };
  const Result stacked = run("password required " + module + "\npassword required " + module +
                                 " use_authtok retry=3\n",
                             {old_password, new_password, new_password});
  CHECK(stacked.code == PAM_SUCCESS);
  CHECK(stacked.said.size() == 3);
  CHECK(credd.seen().back().password == new_password);

  const Result alone = run("password required " + module + " use_authtok\n", {old_password, "x"});
  CHECK(alone.code == PAM_AUTHTOK_ERR);
  CHECK(alone.said == Lines{"ask: Current password: "});
}

TEST_CASE("with use_authtok a rejection is final, however many tries are given") {
  const wire::Reply no = says(Code::refused, Reason::policy, {"No."});
  const ScriptedCredd credd(with_checks({says(Code::accepted), no}));
  const std::string module = std::string(PAM_CRED) + " socket=" + credd.socket();
  const Result result = in_child(
      [&] {
        Host host("password required " + module + "\npassword required " + module +
                  " use_authtok retry=3\n");
        return host.change({old_password, new_password, new_password});
      },
      geteuid() == 0 ? std::optional(owner) : std::nullopt);
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(result.said.back() == "error: BAD PASSWORD: No.");
}

TEST_CASE("a rejected password is not left for the next module") {
  const wire::Reply no = says(Code::refused, Reason::policy, {"No."});
  const ScriptedCredd credd(with_checks({no}));
  const std::string module = std::string(PAM_CRED) + " socket=" + credd.socket();
  const Result result = in_child(
      [&] {
        Host host("password optional " + module + "\npassword required " + module +
                  " use_authtok\n");
        return host.change({old_password, new_password, new_password});
      },
      geteuid() == 0 ? std::optional(owner) : std::nullopt);
  CHECK(result.code == PAM_AUTHTOK_ERR);
  CHECK(credd.kinds() ==
        Kinds{Kind::account, Kind::authenticate, Kind::account, Kind::authenticate, Kind::check});
}

TEST_CASE("authtok_type names the password in the prompts") {
  const ScriptedCredd credd;
  CHECK(
      change(credd, owner, "authtok_type=SHOP", {old_password, new_password, new_password}).said ==
      Lines{"ask: Current SHOP password: ", "ask: New SHOP password: ",
            "ask: Retype new SHOP password: "});
}

TEST_CASE("a call for neither phase is PAM_SERVICE_ERR") {
  const ScriptedCredd credd;
  Host host(stack(credd));
  void* module = dlopen(PAM_CRED, RTLD_NOW);
  REQUIRE(module != nullptr);
  using Entry = int (*)(pam_handle_t*, int, int, const char**);
  const auto entry = reinterpret_cast<Entry>(dlsym(module, "pam_sm_chauthtok"));
  REQUIRE(entry != nullptr);
  CHECK(entry(host.handle(), 0, 0, nullptr) == PAM_SERVICE_ERR);
  CHECK(entry(nullptr, 0, 0, nullptr) == PAM_SYSTEM_ERR);
  (void)dlclose(module);
}

TEST_CASE(
    "the second phase relies on nothing from the first, and takes no empty current password") {
  const auto run = [](const ScriptedCredd& credd, std::deque<Answer> answers) {
    return in_child(
        [&] {
          // The stack goes on to the second phase although the first one failed.
          Host host("password optional " + std::string(PAM_CRED) + " socket=" + credd.socket() +
                    "\npassword required pam_permit.so\n");
          return host.change(std::move(answers));
        },
        geteuid() == 0 ? std::optional(owner) : std::nullopt);
  };
  {
    const ScriptedCredd credd;
    (void)run(credd, {"Wrong7horse", old_password, new_password, new_password});
    CHECK(credd.kinds() == Kinds{Kind::account, Kind::authenticate, Kind::check, Kind::change});
    CHECK(credd.seen().back().old_password == old_password);
  }
  const ScriptedCredd credd;
  (void)run(credd, {"Wrong7horse", "", new_password, new_password});
  CHECK(credd.kinds() == Kinds{Kind::account, Kind::authenticate});
}

TEST_CASE("of an account that is another module's no new password is asked for") {
  const ScriptedCredd credd;
  Host host("password [success=1 user_unknown=ignore default=die] " PAM_CRED " socket=" +
                credd.socket() + "\npassword required pam_permit.so\n",
            "stranger");
  const Result result = host.change({});
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.said.empty());
}
