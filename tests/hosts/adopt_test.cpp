// A Debian machine with people in /etc/shadow is adopted, lives on, and is given back.
#include "sshd.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* store = "/var/lib/cred/cred.db";
constexpr const char* root_password = "Granite3vault";
constexpr const char* wrong_password = "Wrong6Guess99";
constexpr int refused = 1;
constexpr int not_found = 5;

struct Person {
  std::string name;
  std::string password;
};

std::string made(std::vector<std::string> program, const std::string& input = "") {
  const std::string name = program.front();
  const Outcome outcome = run(std::move(program), input);
  if (outcome.status != 0) throw std::runtime_error(name + ": " + outcome.output);
  return outcome.output;
}

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

Outcome credctl(std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.begin(), CRED_CREDCTL);
  return run(std::move(words), input);
}

void set_hash(const std::string& name, const std::string& password, const std::string& method) {
  const std::string hash = made({"mkpasswd", "--stdin", "--method=" + method}, password);
  made({"usermod", "--password", hash.substr(0, hash.find('\n')), name});
}

Person newcomer(const std::string& name, const std::string& password, const std::string& method) {
  made({"useradd", "--create-home", "--base-dir", "/var/lib", "--shell", "/bin/sh", name});
  set_hash(name, password, method);
  return {name, password};
}

// Somebody who starts su for others.
const std::string& visitor() {
  static const std::string name = [] {
    if (access("/run/cred-sandbox", F_OK) != 0) {
      std::fputs("adopt_tests: these tests rewrite /etc; run them in tests/hosts/sandbox\n",
                 stderr);
      std::exit(99);
    }
    fs::create_directories("/etc/cred");
    std::ofstream("/etc/cred/cred.conf") << "[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n";
    made({"useradd", "--create-home", "--base-dir", "/var/lib", "visitor"});
    return "visitor";
  }();
  return name;
}

bool lets_in(const Person& person, const std::string& password) {
  // Debian's sshd takes both; a person is not asked which.
  return let_in(person.name.back() % 2 == 0 ? password_method : keyboard_interactive, person.name,
                password);
}

bool becomes_root(const std::string& password) {
  Terminal terminal({"su", "-c", "id -u"}, visitor());
  terminal.answer("assword: ", password);
  return terminal.end() == 0;
}

std::map<std::string, std::string> stacks() {
  std::map<std::string, std::string> files;
  for (const char* type : {"auth", "account", "password", "session", "session-noninteractive"})
    files[type] = text_of(std::string("/etc/pam.d/common-") + type);
  return files;
}

bool asks_libcred() {
  return text_of("/etc/pam.d/common-auth").find("pam_cred.so") != std::string::npos;
}

// Of each account what is stored: "argon2id" or what that lies over.
std::map<std::string, std::string> stored() {
  const std::string file = "/run/exported";
  (void)fs::remove(file);
  made({CRED_CREDCTL, "export", "json", "--output", file, "--yes"});
  std::map<std::string, std::string> found;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    const Json account = Json::parse(line);
    CHECK(account["hash"].get<std::string>().starts_with("$argon2id$"));
    found[account["account"]] =
        account["recipe"].is_null() ? "argon2id" : account["recipe"].get<std::string>();
  }
  return found;
}

// While it lives the store cannot be opened.
class StoreAway {
 public:
  StoreAway() { fs::rename(store, away()); }
  ~StoreAway() { fs::rename(away(), store); }
  StoreAway(const StoreAway&) = delete;
  StoreAway& operator=(const StoreAway&) = delete;

 private:
  static std::string away() { return std::string(store) + ".away"; }
};

void change_password(const Person& person, const std::string& next) {
  Terminal terminal({"passwd"}, person.name);
  terminal.answer("Current password: ", person.password)
      .answer("New password: ", next)
      .answer("Retype new password: ", next);
  CHECK(terminal.end() == 0);
}

void set_as_root(const std::vector<std::string>& program, const std::string& password) {
  Terminal terminal(program);
  terminal.answer("New password: ", password).answer("Retype new password: ", password);
  CHECK(terminal.end() == 0);
}

std::string shadow_line(const std::string& name) {
  std::ifstream lines("/etc/shadow");
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return line;
  return {};
}

}  // namespace

TEST_CASE("a machine is adopted, everybody logs in as before, and it is given back") {
  (void)visitor();
  std::vector<Person> people;
  const std::vector<std::string> methods{"yescrypt", "sha512crypt", "bcrypt", "md5crypt"};
  for (int i = 0; i < 10; ++i)
    people.push_back(newcomer("local" + std::to_string(i), "Harvest" + std::to_string(i) + "moon",
                              methods[static_cast<std::size_t>(i) % methods.size()]));
  // A hash that is not taken.
  const Person des = newcomer("olddes0", "Harvest7", "descrypt");
  set_hash("root", root_password, "yescrypt");
  const std::string shadow = text_of("/etc/shadow");
  const auto before = stacks();
  for (const auto& person : people) CHECK(lets_in(person, person.password));

  const Outcome tried = credctl({"adopt", "--dry-run"});
  CHECK(tried.status == refused);
  CHECK(tried.output.find("Would import 10 accounts") != std::string::npos);
  CHECK(tried.output.find("olddes0: DES counts") != std::string::npos);
  CHECK_FALSE(fs::exists(store));
  CHECK(stacks() == before);

  const Outcome adopted = credctl({"adopt", "--yes"});
  INFO(adopted.output);
  CHECK(adopted.status == refused);
  CHECK(adopted.output.find("Imported 10 accounts") != std::string::npos);
  REQUIRE(asks_libcred());
  CHECK(text_of("/etc/shadow") == shadow);
  CHECK(stored().size() == 10);
  for (const auto& [name, hash] : stored()) CHECK(hash.starts_with("crypt:"));

  for (const auto& finding : Json::parse(credctl({"--json", "doctor"}).output)["findings"]) {
    INFO(finding.dump());
    CHECK(finding["check"] != "pam");
  }

  // Everybody gets in by libcred, and what it has is Argon2id then.
  CHECK_FALSE(lets_in(people[0], wrong_password));
  CHECK_FALSE(lets_in(people[1], wrong_password));
  for (const auto& person : people) CHECK(lets_in(person, person.password));
  for (const auto& [name, hash] : stored()) CHECK(hash == "argon2id");
  // Whom it does not know, root among them, pam_unix.so lets in as before.
  CHECK(lets_in(des, des.password));
  CHECK_FALSE(becomes_root(wrong_password));
  CHECK(becomes_root(root_password));

  // A changed password is the only one, although /etc/shadow has the hash of the former.
  const std::string changed = "Quartz94river";
  change_password(people[0], changed);
  CHECK(text_of("/etc/shadow") == shadow);
  CHECK_FALSE(lets_in(people[0], people[0].password));
  CHECK(lets_in(people[0], changed));
  // So is that of somebody who is locked: none.
  CHECK(credctl({"user", "lock", people[1].name}).status == 0);
  CHECK_FALSE(lets_in(people[1], people[1].password));
  // Passwords of accounts that libcred does not have are set in /etc/shadow.
  set_as_root({"passwd"}, "Lanterns52below");
  CHECK(becomes_root("Lanterns52below"));
  set_as_root({"passwd", des.name}, "Lanterns63below");
  CHECK(shadow_line(des.name).find(":$y$") != std::string::npos);
  CHECK(lets_in(des, "Lanterns63below"));
  set_hash(des.name, des.password, "descrypt");
  {
    const StoreAway away;
    CHECK_FALSE(lets_in(people[0], people[0].password));
    CHECK_FALSE(lets_in(people[0], changed));
    CHECK(becomes_root("Lanterns52below"));
  }

  const Outcome again = credctl({"adopt", "--yes"});
  CHECK(again.output.find("there already: 10") != std::string::npos);

  const auto ours = stacks();
  const Outcome looked = credctl({"adopt", "--undo", "--dry-run"});
  CHECK(looked.status == 0);
  CHECK(looked.output.find("passwd NAME: local0.") != std::string::npos);
  CHECK(stacks() == ours);
  const Outcome undone = credctl({"--json", "adopt", "--undo", "--yes"});
  INFO(undone.output);
  CHECK(undone.status == 0);
  const Json report = Json::parse(undone.output);
  CHECK(report["changed"] == Json{people[0].name});
  CHECK(report["closed"] == Json{people[1].name});
  CHECK(report["without_password"] == Json::array());
  CHECK(stacks() == before);
  for (const auto& person : people) CHECK(lets_in(person, person.password));
  CHECK_FALSE(lets_in(people[0], changed));

  // What was changed here holds again with the next adoption; and a store that is gone does
  // not keep anybody from going back.
  CHECK(credctl({"adopt", "--yes"}).status == refused);
  CHECK(stacks() == ours);
  CHECK(lets_in(people[0], changed));
  {
    const StoreAway away;
    CHECK(credctl({"adopt", "--undo", "--yes"}).status == 0);
    CHECK(stacks() == before);
    CHECK(lets_in(people[0], people[0].password));
  }
}

TEST_CASE("stacks that somebody edited are left alone, and that is said") {
  (void)visitor();
  const auto before = stacks();
  const std::string file = "/etc/pam.d/common-auth";
  std::string edited = before.at("auth");
  const auto block = edited.find("auth\t[success=");
  REQUIRE(block != std::string::npos);
  edited.insert(block, "auth\toptional\tpam_faildelay.so delay=1000\n");
  std::ofstream(file) << edited;
  const Outcome outcome = credctl({"adopt", "--yes"});
  INFO(outcome.output);
  CHECK(outcome.status == 7);
  CHECK(outcome.output.find("pam-auth-update --force") != std::string::npos);
  CHECK(text_of(file) == edited);
  std::string by_hand = before.at("auth");
  by_hand.insert(0, "auth\toptional\tpam_cred.so\n");
  std::ofstream(file) << by_hand;
  CHECK(credctl({"adopt", "--yes"}).output.find("did not write") != std::string::npos);
  CHECK(text_of(file) == by_hand);
  std::ofstream(file) << before.at("auth");
}

TEST_CASE("a password that another module finds right is taken at the first login by it") {
  (void)visitor();
  if (!fs::exists(store)) made({CRED_CREDCTL, "init"});
  const std::string file = "/etc/pam.d/sshd";
  const std::string before = text_of(file);
  // A stack that comes to the second line after a wrong password, too.
  std::ofstream(file) << "auth required pam_unix.so\n"
                         "auth optional pam_cred.so migrate\n"
                         "account required pam_unix.so\n"
                         "account optional pam_cred.so migrate\n"
                         "session required pam_permit.so\n"
                         "session optional pam_cred.so migrate\n";
  const auto shown = [](const Person& person) { return credctl({"user", "show", person.name}); };
  const auto verdict = [](const Person& person, const std::string& password) {
    return credctl({"verify", person.name, "--stdin"}, password + "\n").status;
  };
  for (const Person& person : {newcomer("moving0", "Harvest7moon", "yescrypt"),
                               newcomer("moving1", "Quartz94river", "sha512crypt")}) {
    CAPTURE(person.name);
    CHECK_FALSE(lets_in(person, wrong_password));
    CHECK(shown(person).status == not_found);
    CHECK(lets_in(person, person.password));
    CHECK(shown(person).output.find("Argon2id") != std::string::npos);
    CHECK(verdict(person, person.password) == 0);
    CHECK(verdict(person, wrong_password) == refused);
    // It is never taken a second time.
    CHECK(lets_in(person, person.password));
    made({"usermod", "--password",
          made({"openssl", "passwd", "-6", "-stdin"}, "Lanterns74below\n").substr(0, 106),
          person.name});
    CHECK(lets_in(person, "Lanterns74below"));
    CHECK(verdict(person, person.password) == 0);
  }
  // One that the policy refuses is taken as well, to be changed.
  const Person weak = newcomer("moving2", "simple", "yescrypt");
  CHECK(lets_in(weak, weak.password));
  CHECK(verdict(weak, weak.password) == 3);
  // su of somebody else than root does not say what a password is.
  const std::string su = text_of("/etc/pam.d/su");
  std::ofstream("/etc/pam.d/su") << "auth required pam_unix.so\n"
                                    "auth optional pam_cred.so migrate\n"
                                    "account required pam_unix.so\n"
                                    "account optional pam_cred.so migrate\n"
                                    "session required pam_permit.so\n";
  const Person other = newcomer("moving3", "Harvest5moon", "yescrypt");
  Terminal terminal({"su", other.name, "-c", "id -un"}, visitor());
  terminal.answer("assword: ", other.password);
  CHECK(terminal.end() == 0);
  CHECK(shown(other).status == not_found);
  std::ofstream("/etc/pam.d/su") << su;
  std::ofstream(file) << before;
}
