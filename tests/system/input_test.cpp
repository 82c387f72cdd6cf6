// What is a password and what is none, down to the byte.
#include "site.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace std::string_literals;

class Inputs : public Site {
 public:
  Inputs() { init(); }
  Finished added(const std::string& name, const std::string& input) const {
    return run({"user", "add", name, "--stdin"}, input);
  }
};

void no_password(const Finished& finished, const std::string& because) {
  INFO(finished.out << finished.err);
  CHECK(finished.exit == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find(because) != std::string::npos);
}

// `bytes` long, and within the policy.
std::string long_password(std::size_t bytes) {
  std::string text = "Aa1";
  while (text.size() < bytes) text += static_cast<char>('b' + text.size() % 23);
  return text;
}

}  // namespace

TEST_CASE("promise: all bytes of a long password count") {
  Inputs site;
  const std::string password = long_password(511);
  REQUIRE(site.added("ann", password + "\n").exit == 0);
  CHECK(site.verify("ann", password) == 0);
  std::string last_differs = password;
  last_differs.back() = '!';
  CHECK(site.verify("ann", last_differs) == 1);
  CHECK(site.verify("ann", password.substr(0, 510)) == 1);
  CHECK(site.verify("ann", password + "x") == 1);
  CHECK(site.verify("ann", password.substr(0, 72)) == 1);  // where bcrypt stops
}

TEST_CASE("what is longer than PAM carries is refused when set and wrong when used") {
  Inputs site;
  no_password(site.added("ann", long_password(512) + "\n"), "511");
  no_password(site.added("ann", long_password(1024) + "\n"), "511");
  no_password(site.added("ann", long_password(1025) + "\n"), "1,024");
  REQUIRE(site.added("ann", right_password + "\n"s).exit == 0);
  CHECK(site.verify("ann", long_password(1024)) == 1);
  CHECK(site.verify("ann", long_password(1025)) == 2);
  no_password(site.run({"passwd", "ann", "--stdin"}, long_password(512) + "\n"), "511");
  CHECK(site.verify("ann", right_password) == 0);
}

TEST_CASE("promise: characters of four bytes are characters") {
  Inputs site;
  const std::string password = "Aa1bcdef\U0001F40E\U0001F50B\U0001F9F2";
  REQUIRE(site.added("ann", password + "\n").exit == 0);
  CHECK(site.verify("ann", password) == 0);
  CHECK(site.verify("ann", "Aa1bcdef\U0001F40E\U0001F50B\U0001F9F3") == 1);
}

TEST_CASE("promise: a composed and a decomposed umlaut are the same password") {
  Inputs site;
  const std::string composed = "Gr\u00fcnkohl7suppe";
  const std::string decomposed = "Gru\u0308nkohl7suppe";
  REQUIRE(composed != decomposed);
  REQUIRE(site.added("ann", composed + "\n").exit == 0);
  CHECK(site.verify("ann", decomposed) == 0);
  REQUIRE(site.added("bob", decomposed + "\n").exit == 0);
  CHECK(site.verify("bob", composed) == 0);
  CHECK(site.verify("bob", "Grunkohl7suppe") == 1);
  // And the history knows it in either form.
  CHECK(site.run({"check", "ann", "--stdin"}, decomposed + "\n").exit == 1);
}

TEST_CASE("promise: case and spaces count") {
  Inputs site;
  REQUIRE(site.added("ann", " Correct7 horse \n").exit == 0);
  CHECK(site.verify("ann", " Correct7 horse ") == 0);
  CHECK(site.verify("ann", "Correct7 horse") == 1);
  CHECK(site.verify("ann", " correct7 horse ") == 1);
}

TEST_CASE("what is no password is refused with the reason") {
  Inputs site;
  REQUIRE(site.added("ann", right_password + "\n"s).exit == 0);
  struct Case {
    std::string input;
    std::string because;
  };
  const std::vector<Case> cases{{"\n", "empty"},
                                {"", "no password"},
                                {"Correct7\0horse\n"s, "NUL"},
                                {"Correct7horse\0\n"s, "NUL"},
                                {"Correct7\x07horse\n", "control"},
                                {"Correct7horse\r\n", "control"},
                                {"Correct7\thorse\n", "control"},
                                {"Correct7\u0085horse\n", "control"},
                                {"Correct7\xffhorse\n", "UTF-8"},
                                {"Correct7\xc3\n", "UTF-8"},
                                {"Correct7\xc0\xafhorse\n", "UTF-8"},
                                {"Correct7\xed\xa0\x80horse\n", "UTF-8"}};
  for (const auto& [input, because] : cases) {
    INFO("input of " << input.size() << " bytes, " << because);
    no_password(site.added("bob", input), because);
    no_password(site.run({"verify", "ann", "--stdin"}, input), because);
    no_password(site.run({"passwd", "ann", "--stdin"}, input), because);
    no_password(site.run({"check", "--stdin"}, input), because);
  }
  CHECK(site.run({"status", "bob"}).exit == 5);
  CHECK(site.status("ann")["failures"] == 0);
  CHECK(site.verify("ann", right_password) == 0);
}

TEST_CASE("one line is the password, with or without its newline") {
  Inputs site;
  REQUIRE(site.added("ann", right_password).exit == 0);
  CHECK(site.run({"verify", "ann", "--stdin"}, right_password).exit == 0);
  CHECK(site.run({"verify", "ann", "--stdin"}, right_password + "\n"s).exit == 0);
  CHECK(site.run({"verify", "ann", "--stdin"}, right_password + "\nanother line\n"s).exit == 0);
  CHECK(site.run({"verify", "ann", "--stdin"}, "\n"s + right_password + "\n").exit == 2);
}

TEST_CASE("closed standard input is an error and not an empty password") {
  Inputs site;
  for (const Site::Words& words :
       {Site::Words{"verify", "ann", "--stdin"}, Site::Words{"check", "--stdin"},
        Site::Words{"user", "add", "ann", "--stdin"}}) {
    auto launch = site.credctl(words);
    launch.closed_input = true;
    const auto done = run(launch);
    INFO(words[0] << ": " << done.err);
    CHECK(done.exit == 2);
    CHECK_FALSE(done.err.empty());
  }
}

TEST_CASE("without a terminal and --stdin there is nobody to ask") {
  Inputs site;
  REQUIRE(site.added("ann", right_password + "\n"s).exit == 0);
  no_password(site.run({"verify", "ann"}, right_password + "\n"s), "--stdin");
  no_password(site.run({"passwd", "ann", "--generate"}), "terminal");
  CHECK(site.verify("ann", right_password) == 0);
}

TEST_CASE("with --json every outcome is one object with its status") {
  Inputs site;
  REQUIRE(site.added("ann", right_password + "\n"s).exit == 0);
  struct Case {
    Site::Words words;
    std::string input;
    int exit;
    std::string status;
  };
  const std::vector<Case> cases{
      {{"verify", "ann", "--stdin"}, right_password + "\n"s, 0, "accepted"},
      {{"verify", "ann", "--stdin"}, wrong_password + "\n"s, 1, "refused"},
      {{"verify", "ann", "--stdin"}, "\n", 2, "usage"},
      {{"verify", "ann", "--stdin", "--nonsense"}, "", 2, "usage"},
      {{"verify"}, "", 2, "usage"},
      {{}, "", 2, "usage"},
      {{"status", "nobody"}, "", 5, "not_found"},
      {{"status", "na\xffme"}, "", 5, "not_found"},
      {{"--realm", "other", "status", "ann"}, "", 5, "not_found"},
      {{"user", "add", "ann", "--stdin"}, other_password + "\n"s, 6, "conflict"},
      {{"user", "add", "a/b", "--stdin"}, other_password + "\n"s, 2, "usage"},
      {{"user", "add", "bob", "--stdin"}, "short\n", 1, "refused"},
      {{"passwd", "ann", "--stdin"}, right_password + "\n"s, 1, "refused"},
      {{"init"}, "", 6, "conflict"},
      {{"user", "lock", "ann"}, "", 0, "accepted"},
      {{"verify", "ann", "--stdin"}, right_password + "\n"s, 4, "locked"},
      {{"user", "unlock", "ann"}, "", 0, "accepted"},
      {{"expire", "ann"}, "", 0, "accepted"},
      {{"verify", "ann", "--stdin"}, right_password + "\n"s, 3, "must_change"}};
  for (const auto& c : cases) {
    Site::Words words{"--json"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    const auto done = site.run(words, c.input);
    INFO(c.status << ": " << done.out << done.err);
    CHECK(done.exit == c.exit);
    const auto object = nlohmann::json::parse(done.out, nullptr, false);
    REQUIRE(object.is_object());
    CHECK(object.value("status", "") == c.status);
    CHECK(done.err.empty());
    if (c.input == "short\n") CHECK(object.at("violations").at(0).contains("rule"));
  }
  site.configure("[hash]\nmemory = 7\n");
  const auto done = site.run({"--json", "status", "ann"});
  CHECK(done.exit == 7);
  CHECK(nlohmann::json::parse(done.out)["status"] == "configuration");
}

TEST_CASE("promise: a password given as an argument is refused and not repeated") {
  Inputs site;
  REQUIRE(site.added("ann", right_password + "\n"s).exit == 0);
  const std::string secret = "Spilled8secret";
  const std::vector<Site::Words> ways{{"verify", "ann", secret},
                                      {"verify", "ann", "--stdin", secret},
                                      {"verify", "ann", "--password=" + secret},
                                      {"verify", "ann", "--password", secret},
                                      {"verify", "ann", "-p" + secret},
                                      {"passwd", "ann", secret},
                                      {"passwd", "ann", "--stdin=" + secret},
                                      {"passwd", "ann", "--generate=" + secret},
                                      {"user", "add", "bob", secret},
                                      {"user", "add", "bob", "--stdin", "--password", secret},
                                      {"check", "ann", secret},
                                      {secret},
                                      {"user", secret}};
  for (const auto& words : ways)
    for (const bool json : {false, true}) {
      Site::Words all = words;
      if (json) all.insert(all.begin(), "--json");
      const auto done = site.run(all, right_password + "\n"s);
      INFO(words[0] << " -> " << done.out << done.err);
      CHECK(done.exit == 2);
      CHECK((done.out + done.err).find(secret) == std::string::npos);
    }
}
