#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

TEST_CASE("each security event is a record of RFC 5424 with JSON, and none holds a secret") {
  const Person person = newcomer();
  (void)taken_log();
  Terminal wrong({"su", person.name, "-c", "true"}, visitor());
  wrong.answer("Password: ", wrong_password);
  CHECK(wrong.end() != 0);
  Terminal right({"su", person.name, "-c", "true"}, visitor());
  right.answer("Password: ", person.password);
  CHECK(right.end() == 0);
  credctl({"passwd", person.name, "--stdin"}, second_password + "\n");
  credctl({"compromise", person.name, "--reason", "seen in a paste"});
  const std::string log = taken_log();
  const auto events = [&](const std::string& text) {
    int count = 0;
    for (auto at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++count;
    return count;
  };
  const std::string account = ",\"realm\":\"system\",\"account\":\"" + person.name + "\"";
  const auto json = [&](const std::string& event, const std::string& outcome) {
    return " " + event + " - {\"event\":\"" + event + "\",\"outcome\":\"" + outcome + "\"" +
           account;
  };
  CHECK(events(json("authentication", "refused")) == 1);
  CHECK(events(json("authentication", "accepted")) == 1);
  CHECK(events(json("reset", "accepted")) == 1);
  CHECK(events(json("compromised", "accepted")) == 1);
  CHECK(events("<85>1 20") == 1);  // authpriv.notice: the wrong one
  for (const std::string& password : {wrong_password, first_password, second_password})
    CHECK(log.find(password) == log.npos);
}

TEST_CASE("promise: a password is nowhere in what the hosts log") {
  const Person person = newcomer();
  (void)taken_log();
  Terminal su({"su", person.name, "-c", "true"}, visitor());
  su.answer("Password: ", wrong_password);
  CHECK(su.end() != 0);
  Terminal passwd({"passwd"}, person.name);
  passwd.answer("Current password: ", person.password)
      .answer("New password: ", weak_password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password);
  CHECK(passwd.end() == 0);
  CHECK(run({"chpasswd"}, person.name + ":" + third_password + "\n").status == 0);
  // A password typed where the name belongs.
  Terminal login({"login"});
  login.answer("login: ", third_password).answer("Password: ", third_password).expect("incorrect");

  const std::string log = taken_log();
  for (const std::string& password :
       {wrong_password, weak_password, first_password, second_password, third_password})
    CHECK(log.find(password) == std::string::npos);
  CHECK_THAT(log, Catch::Contains("pam_cred(su:auth): authentication failure; logname="));
  CHECK_THAT(log, Catch::Contains("user=" + person.name));
  CHECK_THAT(log,
             Catch::Contains("pam_cred(passwd:chauthtok): password changed for " + person.name));
  CHECK_THAT(log,
             Catch::Contains("pam_cred(chpasswd:chauthtok): password changed for " + person.name));
}
