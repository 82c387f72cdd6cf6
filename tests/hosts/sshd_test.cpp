#include "machine.hpp"
#include "sshd.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>

namespace {

// A person who may also come with a key.
std::vector<std::string> with_key(const Person& person, std::vector<std::string> rest) {
  const std::string home = "/var/lib/" + person.name;
  const std::string key = "/run/cred-sshd/" + person.name;
  auto words = ssh("publickey", person.name, std::move(rest));
  (void)run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key});
  const Outcome made = run({"install", "-D", "-m", "600", "-o", person.name, key + ".pub",
                            home + "/.ssh/authorized_keys"});
  if (made.status != 0) throw std::runtime_error(made.output);
  words.insert(words.begin() + 1, {"-i", key});
  return words;
}

}  // namespace

TEST_CASE("sshd lets the right password in and no other, by both methods") {
  for (const char* method : {password_method, keyboard_interactive}) {
    CAPTURE(method);
    const Person person = newcomer();
    CHECK_FALSE(let_in(method, person.name, wrong_password));
    CHECK_FALSE(let_in(method, person.name, ""));
    CHECK(let_in(method, person.name, person.password));
  }
}

TEST_CASE("sshd treats a login name that nobody has as it treats a wrong password") {
  for (const char* method : {password_method, keyboard_interactive}) {
    CAPTURE(method);
    CHECK_FALSE(let_in(method, "nobodyhome", first_password));
    // In the password file, but not in the store.
    CHECK_FALSE(let_in(method, visitor(), first_password));
  }
}

TEST_CASE("sshd keeps the right password of a locked and of a disabled account out") {
  for (const char* method : {password_method, keyboard_interactive}) {
    CAPTURE(method);
    const Person locked = newcomer();
    credctl({"user", "lock", locked.name});
    CHECK_FALSE(let_in(method, locked.name, locked.password));
    credctl({"user", "unlock", locked.name});
    CHECK(let_in(method, locked.name, locked.password));
    const Person disabled = newcomer();
    credctl({"user", "disable", disabled.name});
    CHECK_FALSE(let_in(method, disabled.name, disabled.password));
  }
}

TEST_CASE("sshd makes a keyboard-interactive login change an expired password before it goes on") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal terminal(ssh(keyboard_interactive, person.name));
  terminal.answer("assword: ", person.password)
      .expect("An administrator requires you to change your password now.")
      .answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect(person.name + "\r\n");
  CHECK(terminal.end() == 0);
  CHECK_FALSE(let_in(keyboard_interactive, person.name, first_password));
  CHECK(let_in(keyboard_interactive, person.name, second_password));
}

TEST_CASE("sshd shows why a new password is refused and asks for another one") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal terminal(ssh(keyboard_interactive, person.name));
  terminal.answer("assword: ", person.password)
      .answer("Current password: ", person.password)
      .answer("New password: ", weak_password)
      .expect("BAD PASSWORD: ")
      .expect("too short")
      .answer("New password: ", person.password)
      .expect("BAD PASSWORD: ")
      .answer("New password: ", third_password)
      .answer("Retype new password: ", third_password)
      .expect(person.name + "\r\n");
  CHECK(terminal.end() == 0);
  CHECK(verdict_on(person, third_password) == 0);
}

TEST_CASE("sshd lets nobody in who gives up or fails at the forced change") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  SECTION("by hanging up") {
    Terminal terminal(ssh(keyboard_interactive, person.name));
    terminal.answer("assword: ", person.password)
        .answer("Current password: ", person.password)
        .expect("New password: ");
    CHECK(terminal.interrupt() != 0);
  }
  SECTION("by a wrong current password") {
    Terminal terminal(ssh(keyboard_interactive, person.name));
    terminal.answer("assword: ", person.password).answer("Current password: ", wrong_password);
    CHECK(terminal.end() != 0);
    CHECK(terminal.times(person.name + "\r\n") == 0);
  }
  SECTION("by three bad passwords") {
    Terminal terminal(ssh(keyboard_interactive, person.name));
    terminal.answer("assword: ", person.password).answer("Current password: ", person.password);
    for (int i = 0; i < 3; ++i) terminal.answer("New password: ", weak_password);
    CHECK(terminal.end() != 0);
    CHECK(terminal.times(person.name + "\r\n") == 0);
  }
  CHECK(verdict_on(person, first_password) == 3);
}

TEST_CASE("sshd's password method has passwd change an expired password, for a terminal alone") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal without(ssh(password_method, person.name));
  without.answer("assword: ", person.password);
  CHECK(without.end() != 0);
  CHECK(without.times(person.name + "\r\n") == 0);
  Terminal terminal(ssh(password_method, person.name, {}));
  terminal.answer("assword: ", person.password)
      .expect("You must change your password now and login again!")
      .answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("password updated successfully");
  CHECK(terminal.end() == 0);
  CHECK_FALSE(let_in(password_method, person.name, first_password));
  CHECK(let_in(password_method, person.name, second_password));
}

TEST_CASE("a key opens no locked account, and goes on where only the password has expired") {
  SECTION("in order") {
    const Person person = newcomer();
    Terminal terminal(with_key(person, {"id", "-un"}));
    CHECK(terminal.end() == 0);
    CHECK(terminal.times(person.name + "\r\n") == 1);
  }
  SECTION("locked") {
    const Person person = newcomer();
    credctl({"user", "lock", person.name});
    Terminal terminal(with_key(person, {"id", "-un"}));
    CHECK(terminal.end() != 0);
    CHECK(terminal.times(person.name + "\r\n") == 0);
  }
  SECTION("expired") {
    const Person person = newcomer();
    credctl({"expire", person.name});
    Terminal terminal(with_key(person, {"id", "-un"}));
    CHECK(terminal.end() == 0);
    CHECK(terminal.times(person.name + "\r\n") == 1);
    // The password itself still has to be changed.
    CHECK(verdict_on(person, first_password) == 3);
  }
  SECTION("compromised, and locked for it") {
    const Person person = newcomer();
    credctl({"compromise", person.name, "--reason", "seen", "--lock"});
    Terminal terminal(with_key(person, {"id", "-un"}));
    CHECK(terminal.end() != 0);
    CHECK(terminal.times(person.name + "\r\n") == 0);
  }
}

TEST_CASE("with expiry_stops_all a key opens an expired account only for a change") {
  if (through_service()) return;  // which would have to read its configuration anew
  const Person person = newcomer();
  credctl({"expire", person.name});
  write_file(CRED_CONFIG ".d/stops.conf", "[policy]\nexpiry_stops_all = true\n");
  Terminal without(with_key(person, {"id", "-un"}));
  CHECK(without.end() != 0);
  CHECK(without.times(person.name + "\r\n") == 0);
  Terminal terminal(with_key(person, {}));
  terminal.expect("You must change your password now and login again!")
      .answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("password updated successfully");
  CHECK(terminal.end() == 0);
  REQUIRE(run({"rm", CRED_CONFIG ".d/stops.conf"}).status == 0);
  CHECK(verdict_on(person, second_password) == 0);
}

TEST_CASE("a login tells when and from where the last one was, and of failures since") {
  const Person person = newcomer();
  CHECK(let_in(password_method, person.name, person.password));
  CHECK_FALSE(let_in(password_method, person.name, wrong_password));
  for (const char* method : {keyboard_interactive, password_method}) {
    CAPTURE(method);
    Terminal terminal(ssh(method, person.name, {}));
    terminal.answer("assword: ", person.password).expect("Last login: ").expect(" (sshd)");
    if (method == keyboard_interactive) terminal.expect("There was 1 failed attempt since then.");
    terminal.type("exit");
    CHECK(terminal.end() == 0);
    CHECK(terminal.times(" from 127.0.0.1 (sshd)") == 1);
    CHECK(terminal.times("failed attempt") == (method == keyboard_interactive ? 1 : 0));
  }
}

TEST_CASE("within the warning period a login says until when the password must be changed") {
  const Person person = newcomer();
  if (through_service()) return;  // which would have to read its configuration anew
  write_file(CRED_CONFIG ".d/warn.conf", "[policy]\nmax_age = \"10d\"\nwarn = \"10d\"\n");
  Terminal terminal(ssh(keyboard_interactive, person.name, {}));
  terminal.answer("assword: ", person.password)
      .expect("Warning: your password must be changed in 10 days (on 20")
      .type("exit");
  CHECK(terminal.end() == 0);
  REQUIRE(run({"rm", CRED_CONFIG ".d/warn.conf"}).status == 0);
}

TEST_CASE("promise: sshd takes the right password alone while the service is stopped, and after") {
  if (!through_service()) return;
  for (const char* method : {password_method, keyboard_interactive}) {
    CAPTURE(method);
    const Person person = newcomer();
    {
      const ServiceAway away;
      CHECK_FALSE(let_in(method, person.name, wrong_password));
      CHECK(let_in(method, person.name, person.password));
    }
    CHECK_FALSE(let_in(method, person.name, wrong_password));
    CHECK(let_in(method, person.name, person.password));
  }
}

TEST_CASE("promise: a hundred logins at once are each answered by the password that they brought") {
  constexpr std::size_t logins = 100;
  const Person person = newcomer();
  const Person other = newcomer();
  std::vector<std::unique_ptr<Terminal>> terminals;
  for (std::size_t i = 0; i < logins; ++i) {
    const bool odd = i % 2 == 1;
    auto words =
        ssh(odd ? password_method : keyboard_interactive, (i % 5 == 4 ? other : person).name);
    // The cheapest exchange: it is not what is tested.
    words.insert(words.begin() + 1, {"-o", "KexAlgorithms=curve25519-sha256"});
    terminals.push_back(std::make_unique<Terminal>(std::move(words)));
  }
  for (const auto& terminal : terminals) terminal->expect("assword: ");
  // They are all there: now all at once.
  for (std::size_t i = 0; i < logins; ++i)
    terminals[i]->type(i % 5 == 4 ? wrong_password : person.password);
  for (std::size_t i = 0; i < logins; ++i) {
    CAPTURE(i);
    const bool right = i % 5 != 4;
    CHECK((terminals[i]->end() == 0) == right);
    CHECK(terminals[i]->times(person.name + "\r\n") == (right ? 1 : 0));
  }
}
