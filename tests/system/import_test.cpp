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
#include <map>
#include <sstream>
#include <sys/stat.h>
#include <thread>

namespace {

using Json = nlohmann::json;

constexpr int refused = 1;
constexpr int conflict = 6;

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

// One hash, made by a tool of its system for a password that it reads.
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

// A tool of another system, as shell commands that read passwords and print the hash of each
// in a line.
struct Tool {
  const char* scheme;  // what the report calls it
  std::string commands;
};

// `commands` for each password as $p; $n counts them.
std::string each(const std::string& commands) {
  return "n=0; while IFS= read -r p; do n=$((n + 1)); " + commands + "; done";
}

std::string each_by_argon2(const std::string& salt, const std::string& options) {
  return each("printf %s \"$p\" | argon2 " + salt + "$n " + options + " -e");
}

std::string slappasswd(const std::string& options) {
  return each("printf %s \"$p\" >\"$1/secret\"; slappasswd -T \"$1/secret\" " + options);
}

std::string python(const std::string& program) {
  return "/usr/bin/python3 -W ignore -c 'import sys\n" + program + "'";
}

std::string django(const std::string& hasher, const std::string& rest) {
  return python(
      "from django.conf import settings\n"
      "settings.configure()\n"
      "from django.contrib.auth import hashers\n"
      "for i, p in enumerate(sys.stdin):\n"
      "  print(hashers." +
      hasher + "().encode(p.rstrip(\"\\n\"), " + rest + "))");
}

// The PHC strings of scrypt and PBKDF2 are passlib's.
std::string passlib(const std::string& hash) {
  return python("import passlib.hash as h\nfor p in sys.stdin: print(h." + hash +
                ".hash(p.rstrip(\"\\n\")))");
}

Json json_of(const Finished& done, int exit = 0) {
  INFO(done.out << done.err);
  REQUIRE(done.exit == exit);
  return Json::parse(done.out);
}

struct Imports : Site {
  Imports() {
    configure(service_settings(*this));
    init();
  }

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

  std::vector<std::string> hashes_by(const Tool& tool, int first, int count) const {
    std::string passwords;
    for (int i = first; i < first + count; ++i) passwords += password_of(i) + "\n";
    const auto done =
        shell(std::string("export LC_ALL=C.UTF-8; umask 077; {\n") + tool.commands + "\n} <\"$2\"",
              {path(), file("passwords", passwords)});
    INFO(tool.commands << ": " << done.err);
    REQUIRE(done.exit == 0);
    std::vector<std::string> hashes;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty()) hashes.push_back(line);
    REQUIRE(hashes.size() == static_cast<std::size_t>(count));
    return hashes;
  }

  // Accounts, hashed by the tools in equal shares, come in; a service that is started after
  // that lets each in with its own password alone, and Argon2id is what is left.
  void all_log_in(const std::string& format, const std::vector<Tool>& tools,
                  const std::function<std::string(const std::string&, const std::string&)>& line,
                  const std::string& header = {}, int accounts = 50) const {
    std::string source = header;
    std::map<std::string, int> schemes;
    for (std::size_t t = 0; t < tools.size(); ++t) {
      const int first = accounts * static_cast<int>(t) / static_cast<int>(tools.size());
      const int end = accounts * static_cast<int>(t + 1) / static_cast<int>(tools.size());
      const auto hashes = hashes_by(tools[t], first, end - first);
      schemes[tools[t].scheme] += end - first;
      for (int i = first; i < end; ++i)
        source += line("p" + std::to_string(i), hashes[static_cast<std::size_t>(i - first)]);
    }
    const auto report = import(format, source);
    CHECK(report["imported"] == accounts);
    CHECK(report["schemes"] == Json(schemes));
    {
      const Credd credd(*this);
      for (int i = 0; i < accounts; ++i) {
        const std::string name = "p" + std::to_string(i);
        CAPTURE(name);
        CHECK(log_in(credd, name, password_of(i + 1)).code == cred::Code::refused);
        CHECK(log_in(credd, name, password_of(i)).code == cred::Code::accepted);
      }
    }
    CHECK(export_of("recipe") == std::vector<Json>(static_cast<std::size_t>(accounts), nullptr));
    for (const Json& hash : export_of("hash"))
      CHECK(hash.get<std::string>().starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
    const Credd credd(*this);
    for (int i = 0; i < accounts; i += 7) {
      const std::string name = "p" + std::to_string(i);
      CHECK(log_in(credd, name, password_of(i + 1)).code == cred::Code::refused);
      CHECK(log_in(credd, name, password_of(i)).code == cred::Code::accepted);
    }
  }

  std::vector<Json> export_of(const char* member) const {
    const std::string output = path() / (std::string("exported-") + member);
    (void)json_of(run({"--json", "export", "json", "--output", output, "--yes"}));
    std::vector<Json> found;
    std::istringstream lines(content(output));
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line)[member]);
    return found;
  }
};

std::string with_colon(const std::string& name, const std::string& hash) {
  return name + ":" + hash + "\n";
}

}  // namespace

TEST_CASE("fifty accounts of shadow log in with their passwords, and Argon2id is what is left",
          "[import]") {
  const Imports site;
  site.all_log_in(
      "shadow",
      {{"yescrypt", each("printf %s \"$p\" | mkpasswd --stdin --method=yescrypt --rounds=1")},
       {"gost-yescrypt",
        each("printf %s \"$p\" | mkpasswd --stdin --method=gost-yescrypt --rounds=1")},
       {"sha512crypt",
        each("printf %s \"$p\" | mkpasswd --stdin --method=sha512crypt --rounds=1000")},
       {"sha256crypt", "openssl passwd -5 -stdin"},
       {"bcrypt", each("printf %s \"$p\" | mkpasswd --stdin --method=bcrypt --rounds=5")},
       {"md5crypt", "openssl passwd -1 -stdin"}},
      [](const std::string& name, const std::string& hash) {
        return name + ":" + hash + ":" + recent_day() + ":0:99999:7:::\n";
      });
  CHECK(site.status("p0")["set"] == cred::engine::print_time(ten_days_ago()));
}

TEST_CASE("fifty accounts of htpasswd log in with their passwords", "[import]") {
  Imports().all_log_in(
      "htpasswd",
      {{"bcrypt", each("printf %s \"$p\" | htpasswd -niBC 5 '' | cut -d: -f2")},
       {"apr1", each("printf %s \"$p\" | htpasswd -nim '' | cut -d: -f2")},
       {"apr1", "openssl passwd -apr1 -stdin"},
       {"sha1", each("printf %s \"$p\" | htpasswd -nis '' | cut -d: -f2")},
       {"sha256crypt", each("printf %s \"$p\" | htpasswd -ni2 -r 1000 '' | cut -d: -f2")},
       {"sha512crypt", each("printf %s \"$p\" | htpasswd -ni5 -r 1000 '' | cut -d: -f2")}},
      with_colon);
}

TEST_CASE("fifty people of an LDAP directory log in with their passwords", "[import]") {
  Imports().all_log_in(
      "ldif",
      {{"sha1", slappasswd("-h {SHA}")},
       {"sha1", slappasswd("-h {SSHA}")},
       {"md5", slappasswd("-h {SMD5}")},
       {"sha512crypt", slappasswd("-h {CRYPT} -c '$6$rounds=1000$%.8s'")},
       {"sha256", slappasswd("-o module-load=pw-sha2 -h {SSHA256}")},
       {"sha512", slappasswd("-o module-load=pw-sha2 -h {SSHA512}")},
       {"pbkdf2-sha1", slappasswd("-o module-load=pw-pbkdf2 -h {PBKDF2}")},
       {"pbkdf2-sha256", slappasswd("-o module-load=pw-pbkdf2 -h {PBKDF2-SHA256}")},
       {"pbkdf2-sha512", slappasswd("-o module-load=pw-pbkdf2 -h {PBKDF2-SHA512}")},
       {"argon2i", slappasswd("-o 'module-load=argon2 m=1024 t=2' -h {ARGON2}")}},
      [](const std::string& name, const std::string& hash) {
        return "dn: uid=" + name + "\nuid: " + name + "\nuserPassword: " + hash + "\n\n";
      });
}

TEST_CASE("fifty users of Django log in with their passwords", "[import]") {
  const std::vector<Tool> tools{
      {"pbkdf2-sha256", django("PBKDF2PasswordHasher", "\"seasalt%d\" % i, 1000")},
      {"pbkdf2-sha1", django("PBKDF2SHA1PasswordHasher", "\"seasalt%d\" % i, 1000")},
      {"salt-sha1", django("SHA1PasswordHasher", "\"seasalt%d\" % i")},
      {"salt-md5", django("MD5PasswordHasher", "\"seasalt%d\" % i")},
      {"salt-sha1", django("UnsaltedSHA1PasswordHasher", "\"\"")}};
  SECTION("of a table") {
    Imports().all_log_in(
        "django", tools,
        [](const std::string& name, const std::string& hash) {
          return "t," + name + "," + hash + "\n";
        },
        "is_active,username,password\n");
  }
  SECTION("and ten of dumpdata") {
    Imports().all_log_in(
        "django", tools,
        [](const std::string& name, const std::string& hash) {
          const Json user{{"model", "auth.user"},
                          {"fields", {{"username", name}, {"password", hash}}}};
          return (name == "p0" ? "" : ",") + user.dump() + (name == "p9" ? "]" : "");
        },
        "[", 10);
  }
}

TEST_CASE("fifty NT hashes open their accounts", "[import]") {
  Imports().all_log_in(
      "nt",
      {{"nt", each("printf %s \"$p\" | iconv -t UTF-16LE | "
                   "openssl dgst -provider legacy -provider default -md4 -r | cut -c1-32")}},
      [](const std::string& name, const std::string& hash) {
        return name + ":1000:" + std::string(32, 'X') + ":" + hash + ":[U          ]:LCT-" +
               recent_seconds() + ":\n";
      });
}

TEST_CASE("fifty PHC strings open their accounts", "[import]") {
  Imports().all_log_in(
      "phc",
      {{"argon2id", each_by_argon2("saltsalt", "-id -m 10 -t 2 -p 2")},
       // As this library writes it: not wrapped.
       {"argon2id", each_by_argon2("saltsaltsalt100", "-id -k 7168 -t 5 -p 1 -l 32")},
       {"argon2i", each_by_argon2("saltsalt", "-i -m 10 -t 3 -p 1 -l 24")},
       {"scrypt", passlib("scrypt.using(rounds=10)")},
       {"pbkdf2-sha256", passlib("pbkdf2_sha256.using(rounds=1000)")},
       {"pbkdf2-sha512", passlib("pbkdf2_sha512.using(rounds=1000)")}},
      with_colon);
}

TEST_CASE("fifty rows of a table log in with their passwords", "[import]") {
  Imports().all_log_in(
      "csv",
      {{"argon2i", each_by_argon2("saltsalt", "-i -m 10 -t 2 -p 2")},
       {"sha512crypt", "openssl passwd -6 -stdin"}},
      [](const std::string& name, const std::string& hash) { return name + ",\"" + hash + "\"\n"; },
      "name,hash\n");
}

TEST_CASE("credctl, too, opens an imported account, and shows what its hash was wrapped over",
          "[import]") {
  const Imports site;
  site.import("shadow",
              "alice:" + by_mkpasswd("yescrypt", password_of(1)) + ":" + recent_day() + "::::::\n");
  CHECK(site.wrapped("alice") == "yescrypt");
  CHECK(site.run({"user", "show", "alice"}).out.find(", over yescrypt until the next login") !=
        std::string::npos);
  CHECK(site.verify("alice", password_of(2)) == refused);
  CHECK(site.wrapped("alice") == "yescrypt");
  CHECK(site.verify("alice", password_of(1)) == 0);
  CHECK(site.wrapped("alice").is_null());
  CHECK(site.verify("alice", password_of(1)) == 0);
  CHECK(site.verify("alice", password_of(2)) == refused);
}

TEST_CASE("an import that is killed is completed by its repetition", "[import]") {
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

TEST_CASE("a dry run says what would come of an import, and changes nothing", "[import]") {
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

TEST_CASE("earlier passwords of opasswd are refused as new ones", "[import]") {
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

TEST_CASE("what is exported opens the same accounts in another realm, and what is not is told",
          "[import]") {
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
