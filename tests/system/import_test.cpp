// Accounts of other systems, hashed by those systems' own tools: they come in, log in, and
// go out again.
#include "engine/units.hpp"
#include "service.hpp"
#include "site.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <sys/stat.h>
#include <thread>

namespace {

using Json = nlohmann::json;

constexpr int refused = 1;
constexpr int conflict = 6;
constexpr int accounts_each = 3;

// Keeps the policy; different for each account.
std::string password_of(int number) { return "Crète " + std::to_string(number) + " Lagune rouge"; }

// Ten days ago: no policy finds such a password old, whenever this runs.
std::chrono::sys_days ten_days_ago() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) -
         std::chrono::days(10);
}

// As shadow(5) has it.
std::string recent_day() { return std::to_string(ten_days_ago().time_since_epoch().count()); }

// As smbpasswd(5) has it.
std::string recent_seconds() {
  char text[16];
  std::snprintf(text, sizeof text, "%08llX",
                static_cast<unsigned long long>(
                    std::chrono::sys_seconds(ten_days_ago()).time_since_epoch().count()));
  return text;
}

// What `command` prints of a password that it reads; "$1" is `argument`.
std::string made_by(const std::string& command, const std::string& password,
                    const std::string& argument = {}) {
  // The password is text without quotes or dollars.
  const auto done =
      shell("export LC_ALL=C.UTF-8; printf %s '" + password + "' | " + command, {argument});
  INFO(command << ": " << done.err);
  REQUIRE(done.exit == 0);
  std::string out = done.out;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string by_mkpasswd(const std::string& method, const std::string& password) {
  return made_by("mkpasswd --stdin --method=\"$1\"", password, method);
}

// passlib's hash of that name; the fewest rounds where there are any.
std::string by_passlib(const std::string& name, const std::string& password) {
  return made_by(
      "/usr/bin/python3 -W ignore -c 'import sys, passlib.hash as h\n"
      "scheme = getattr(h, sys.argv[1])\n"
      "if \"pbkdf2\" in sys.argv[1]: scheme = scheme.using(rounds=1000)\n"
      "if sys.argv[1] == \"scrypt\": scheme = scheme.using(rounds=10)\n"
      "print(scheme.hash(sys.stdin.read()))' \"$1\"",
      password, name);
}

Json json_of(const Finished& done, int exit = 0) {
  INFO(done.out << done.err);
  REQUIRE(done.exit == exit);
  return Json::parse(done.out);
}

struct Imports : Site {
  Imports() : Site(std::string(cheap_hash) + patient) { init(); }

  std::string file(const std::string& name, const std::string& text) const {
    overwrite(path() / name, text);
    return path() / name;
  }
  Json import(const std::string& format, const std::string& source, int exit = 0) const {
    const auto done = run({"--json", "import", format, file("source", source)});
    // Whatever is said, no hash is.
    CHECK(done.out.find('$') == std::string::npos);
    CHECK(done.err.find('$') == std::string::npos);
    return json_of(done, exit);
  }
  Json wrapped(const std::string& name) const {
    return json_of(run({"--json", "user", "show", name}))["hash"]["wrapped"];
  }
  // In a process of its own each time.
  void opens_with_its_password_alone(const std::string& name, int number) const {
    CAPTURE(name);
    CHECK_FALSE(wrapped(name).is_null());
    CHECK(verify(name, password_of(number) + "s") == refused);
    CHECK(verify(name, password_of(number)) == 0);
    CHECK(wrapped(name).is_null());
    CHECK(verify(name, password_of(number)) == 0);
    CHECK(verify(name, password_of(number) + "s") == refused);
  }
};

}  // namespace

TEST_CASE("accounts of shadow log in with their passwords, and Argon2id is what is left") {
  const Imports site;
  std::string shadow = "daemon:*:19000:0:99999:7:::\n";
  std::vector<std::string> names;
  int number = 0;
  for (const std::string method :
       {"yescrypt", "gost-yescrypt", "sha512crypt", "sha256crypt", "bcrypt", "md5crypt"}) {
    for (int i = 0; i < accounts_each; ++i) {
      names.push_back(method + std::to_string(i));
      shadow += names.back() + ":" + by_mkpasswd(method, password_of(number++)) + ":" +
                recent_day() + ":0:99999:7:::\n";
    }
  }
  const auto report = site.import("shadow", shadow);
  CHECK(report["imported"] == names.size());
  CHECK(report["schemes"]["yescrypt"] == accounts_each);
  CHECK(report["schemes"]["md5crypt"] == accounts_each);
  REQUIRE(report["not_taken"].size() == 1);
  CHECK(report["not_taken"][0]["account"] == "daemon");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto status = site.status(names[i]);
    CHECK(status["set"] == cred::engine::print_time(ten_days_ago()));
    site.opens_with_its_password_alone(names[i], static_cast<int>(i));
  }
}

TEST_CASE("hashes of htpasswd, LDAP, Django, Samba and PHC strings open their accounts") {
  const Imports site;
  const auto check =
      [&](const std::string& format, const std::vector<std::string>& schemes,
          const std::function<std::string(const std::string&, const std::string&)>& make,
          const std::function<std::string(const std::string&, const std::string&)>& line,
          const std::string& header = {}) {
        std::string source = header;
        for (std::size_t s = 0; s < schemes.size(); ++s)
          for (int i = 0; i < accounts_each; ++i)
            source += line(format + std::to_string(s) + "-" + std::to_string(i),
                           make(schemes[s], password_of(i)));
        CHECK(site.import(format, source)["imported"] == schemes.size() * accounts_each);
        for (std::size_t s = 0; s < schemes.size(); ++s)
          for (int i = 0; i < accounts_each; ++i)
            site.opens_with_its_password_alone(format + std::to_string(s) + "-" + std::to_string(i),
                                               i);
      };
  const auto colon = [](const std::string& name, const std::string& hash) {
    return name + ":" + hash + "\n";
  };
  check(
      "htpasswd", {"-B", "-m", "-s", "-2", "-5"},
      [](const std::string& option, const std::string& password) {
        const auto line = made_by("htpasswd -n -i \"$1\" name", password, option);
        return line.substr(line.find(':') + 1);
      },
      colon);
  check("ldif",
        {"ldap_sha1", "ldap_salted_sha1", "ldap_salted_sha256", "ldap_salted_sha512",
         "ldap_salted_md5", "ldap_pbkdf2_sha1", "ldap_pbkdf2_sha256", "ldap_pbkdf2_sha512"},
        by_passlib, [](const std::string& name, const std::string& hash) {
          return "dn: uid=" + name + "\nuid: " + name + "\nuserPassword: " + hash + "\n\n";
        });
  check(
      "django",
      {"django_pbkdf2_sha256", "django_pbkdf2_sha1", "django_salted_sha1", "django_salted_md5"},
      by_passlib,
      [](const std::string& name, const std::string& hash) {
        return "t," + name + "," + hash + "\n";
      },
      "is_active,username,password\n");
  check("nt", {"nthash"}, by_passlib, [](const std::string& name, const std::string& hash) {
    return name + ":1000:" + std::string(32, 'X') + ":" + hash + ":[U          ]:LCT-" +
           recent_seconds() + ":\n";
  });
  check("phc", {"pbkdf2_sha256", "pbkdf2_sha512", "scrypt"}, by_passlib, colon);
  check(
      "csv", {"-i", "-id"},
      [](const std::string& variant, const std::string& password) {
        return made_by("argon2 saltsaltsalt \"$1\" -m 10 -t 2 -p 2 -e", password, variant);
      },
      [](const std::string& name, const std::string& hash) { return name + ",\"" + hash + "\"\n"; },
      "name,hash\n");
}

TEST_CASE("credd in its filter knows what libxcrypt and OpenSSL's old algorithms made") {
  Imports site;
  site.configure(service_settings(site));
  const std::string shadow =
      "alice:" + by_mkpasswd("yescrypt", password_of(1)) + ":" + recent_day() +
      "::::::\nbob:" + by_mkpasswd("md5crypt", password_of(2)) + ":" + recent_day() + "::::::\n";
  const std::string samba = "carol:1000:x:" + by_passlib("nthash", password_of(3)) + ":::\n";
  CHECK(site.import("shadow", shadow)["imported"] == 2);
  CHECK(site.import("nt", samba)["imported"] == 1);
  const Credd credd(site);
  int number = 1;
  for (const char* name : {"alice", "bob", "carol"}) {
    CAPTURE(name);
    CHECK(log_in(credd, name, password_of(number) + "s").code == cred::Code::refused);
    CHECK(log_in(credd, name, password_of(number)).code == cred::Code::accepted);
    CHECK(site.wrapped(name).is_null());
    CHECK(log_in(credd, name, password_of(number)).code == cred::Code::accepted);
    ++number;
  }
}

TEST_CASE("an import that is killed is completed by its repetition") {
  const Imports site;
  constexpr std::size_t accounts = 300;
  const std::string hash = by_mkpasswd("md5crypt", password_of(1));
  std::string shadow;
  for (std::size_t i = 0; i < accounts; ++i)
    shadow += "person" + std::to_string(i) + ":" + hash + ":" + recent_day() + "::::::\n";
  const auto source = site.file("source", shadow);
  auto process = site.start({"import", "shadow", source});
  const auto count = [&] { return std::stoul(site.sql("SELECT count(*) FROM account")); };
  while (process.running() && count() == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.kill(SIGKILL);
  (void)process.wait();
  const std::size_t before = count();
  REQUIRE(before > 0);
  const auto again = json_of(site.run({"--json", "import", "shadow", source}));
  CHECK(again["there"] == before);
  CHECK(again["imported"] == accounts - before);
  CHECK(count() == accounts);
  CHECK(json_of(site.run({"--json", "import", "shadow", source}))["there"] == accounts);
  CHECK(site.verify("person7", password_of(1)) == 0);
  CHECK(site.run({"audit", "verify"}).exit == 0);
}

TEST_CASE("a dry run says what would come of an import, and changes nothing") {
  const Imports site;
  const std::string source = "alice:" + by_mkpasswd("sha512crypt", password_of(1)) + ":" +
                             recent_day() +
                             "::::::\nbob:ab1Hv2Lg7ltQo:1::::::\nalice:x:1::::::\n"
                             "erin:" +
                             by_mkpasswd("md5crypt", "x") + ":" + recent_day() + ":::::30000:\n";
  const auto file = site.file("source", source);
  const auto report = json_of(site.run({"--json", "import", "shadow", "--dry-run", file}), refused);
  CHECK(report["dry_run"] == true);
  CHECK(report["imported"] == 2);
  REQUIRE(report["not_taken"].size() == 2);
  CHECK(report["remarks"].size() == 1);
  CHECK(site.sql("SELECT count(*) FROM account").starts_with("0"));
  const auto text = site.run({"import", "shadow", "-"}, source);
  CHECK(text.exit == refused);
  CHECK(text.out.find("Imported 2 accounts (md5crypt 1, sha512crypt 1); not taken: 2.") !=
        std::string::npos);
  CHECK(text.out.find("2 bob: DES counts the first eight characters alone") != std::string::npos);
}

TEST_CASE("earlier passwords of opasswd are refused as new ones") {
  const Imports site;
  const auto shadow = site.file("shadow", "alice:" + by_mkpasswd("yescrypt", password_of(1)) + ":" +
                                              recent_day() + "::::::\n");
  const auto opasswd =
      site.file("opasswd", "alice:1000:2:" + by_mkpasswd("sha512crypt", "Tricky4Battery") + "," +
                               by_mkpasswd("yescrypt", "Honest5Gravel") + "\n");
  CHECK(site.run({"import", "shadow", shadow, "--opasswd", opasswd}).exit == 0);
  for (const char* earlier : {"Tricky4Battery", "Honest5Gravel"})
    CHECK(site.run({"passwd", "alice", "--stdin"}, std::string(earlier) + "\n").exit == refused);
  CHECK(site.run({"passwd", "alice", "--stdin"}, password_of(1) + "\n").exit == refused);
  CHECK(site.run({"passwd", "alice", "--stdin"}, "Correct7horse\n").exit == 0);
  CHECK(site.verify("alice", "Correct7horse") == 0);
}

TEST_CASE("what is exported opens the same accounts in another realm, and what is not is told") {
  const Imports site;
  site.add("alice");
  site.add("bob", other_password);
  CHECK(site.run({"user", "lock", "bob"}).exit == 0);
  const auto shadow = site.file("shadow", "carol:" + by_mkpasswd("yescrypt", password_of(1)) + ":" +
                                              recent_day() + "::::::\n");
  CHECK(site.run({"import", "shadow", shadow}).exit == 0);

  const std::string phc = site.path() / "phc";
  const auto report = json_of(site.run({"--json", "export", "phc", "--output", phc, "--yes"}));
  CHECK(report["exported"] == 1);
  REQUIRE(report["left_out"].size() == 2);
  CHECK(report["left_out"][1]["account"] == "carol");
  CHECK(report["left_out"][1]["why"].get<std::string>().find("Argon2id over yescrypt") !=
        std::string::npos);
  struct stat status {};
  REQUIRE(stat(phc.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(content(phc).starts_with("alice:$argon2id$v=19$"));
  CHECK(site.run({"export", "phc", "--output", phc, "--yes"}).exit == conflict);
  const auto unasked = site.run({"export", "phc", "--output", phc + "2"});
  CHECK(unasked.exit == 2);
  CHECK(site.run({"audit", "show", "--event", "exported"}).out.find("as phc") != std::string::npos);

  const std::string ldif = site.path() / "ldif";
  CHECK(json_of(site.run({"--json", "export", "ldif", "--output", ldif, "--yes", "--base",
                          "ou=staff,dc=example,dc=org"}))["exported"] == 2);
  CHECK(content(ldif).find("dn: uid=alice,ou=staff,dc=example,dc=org\n") != std::string::npos);
  CHECK(site.run({"realm", "add", "one"}).exit == 0);
  CHECK(site.run({"realm", "add", "two"}).exit == 0);
  CHECK(site.run({"--realm", "one", "import", "phc", phc}).exit == 0);
  CHECK(site.run({"--realm", "two", "import", "ldif", ldif}).exit == 0);
  for (const char* realm : {"one", "two"}) {
    CHECK(site.run({"--realm", realm, "verify", "alice", "--stdin"},
                   right_password + std::string("\n"))
              .exit == 0);
    CHECK(site.run({"--realm", realm, "verify", "alice", "--stdin"},
                   wrong_password + std::string("\n"))
              .exit == refused);
  }
  CHECK(site.run({"--realm", "two", "verify", "bob", "--stdin"}, other_password + std::string("\n"))
            .exit == 4);

  const std::string json = site.path() / "json";
  CHECK(json_of(site.run({"--json", "export", "json", "--output", json, "--yes"}))["exported"] ==
        3);
  const std::string lines = content(json);
  CHECK(Json::parse(lines.substr(0, lines.find('\n')))["account"] == "alice");
  CHECK(lines.find("crypt::$y$j9T$") != std::string::npos);
}
