// Accounts that come from /etc/shadow, at real hosts.
#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

namespace {

// A person of this machine alone, whose password mkpasswd hashed.
Person local_person(const std::string& name, const std::string& method) {
  Person person{name, first_password};
  const Outcome made = run({"sh", "-c",
                            "useradd --create-home --base-dir /var/lib --shell /bin/sh \"$1\" && "
                            "hash=$(printf %s \"$2\" | mkpasswd --stdin --method=\"$3\") && "
                            "usermod --password \"$hash\" \"$1\"",
                            "sh", person.name, person.password, method});
  if (made.status != 0) throw std::runtime_error(made.output);
  return person;
}

std::string hash_of(const Person& person) {
  const Outcome shown = try_credctl({"user", "show", person.name});
  const auto at = shown.output.find("Hash:");
  return at == std::string::npos ? shown.output
                                 : shown.output.substr(at, shown.output.find('\n', at) - at);
}

bool becomes(const Person& person, const std::string& password) {
  Terminal terminal({"su", person.name, "-c", "id -un"}, visitor());
  terminal.answer("assword: ", password);
  const bool ran = terminal.end() == 0;
  CHECK(ran == (terminal.seen().find(person.name + "\r\n") != std::string::npos));
  return ran;
}

}  // namespace

TEST_CASE("su lets an account of /etc/shadow in with its old password, which is Argon2id then") {
  const Person yescrypt = local_person("oldyescrypt", "yescrypt");
  const Person sha512 = local_person("oldsha512", "sha512crypt");
  credctl({"import", "shadow", "/etc/shadow"});
  for (const auto& [person, scheme] :
       {std::pair{yescrypt, "yescrypt"}, std::pair{sha512, "sha512crypt"}}) {
    CAPTURE(person.name);
    const std::string over = std::string(", over ") + scheme + " until the next login";
    CHECK(hash_of(person).find(over) != std::string::npos);
    CHECK_FALSE(becomes(person, wrong_password));
    CHECK(hash_of(person).find(over) != std::string::npos);
    CHECK(becomes(person, person.password));
    CHECK(hash_of(person).ends_with("Argon2id, 7168 KiB, 5 passes, 1 lanes"));
    CHECK(becomes(person, person.password));
    CHECK_FALSE(becomes(person, wrong_password));
  }
}
