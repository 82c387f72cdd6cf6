#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

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
