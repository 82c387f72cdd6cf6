// A root key that is made of a passphrase: who is asked for it, how often, and what is in
// standard input.
#include "site.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>
#include <regex>

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string first = "the first passphrase";
const std::string second = "the second passphrase";

struct Sealed : Site {
  Sealed() { name_root("root.passphrase"); }
  std::string file(const std::string& name) const { return path() / name; }
  void name_root(const std::string& name) const {
    overwrite(configuration(),
              std::regex_replace(content(configuration()), std::regex("root = \"[^\"]*\""),
                                 "root = \"passphrase:" + file(name) + "\""));
  }
  std::string prompt(const std::string& name = "root.passphrase") const {
    return "Passphrase of the root key " + file(name) + ": ";
  }
  int exit_of(Words words, const std::string& input) const {
    words.insert(words.begin(), "--passphrase-stdin");
    const auto done = run(words, input);
    UNSCOPED_INFO(done.out << done.err);
    return done.exit;
  }
};

std::size_t asked(const Finished& done) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = done.out.find("passphrase", at)) != std::string::npos; ++at)
    count += done.out.compare(at, 17, "passphrase again:") == 0 ? 1 : 0;
  for (std::size_t at = 0; (at = done.out.find("Passphrase of", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

constexpr const char* again = "The same passphrase again: ";

}  // namespace

TEST_CASE("promise: a passphrase is typed twice when it is new, and once for each command") {
  const Sealed site;
  const auto made = converse(site.credctl({"init"}), {{site.prompt(), first}, {again, first}});
  INFO(made.out);
  REQUIRE(made.exit == 0);
  CHECK(asked(made) == 2);
  CHECK(made.out.find(first) == std::string::npos);

  const auto shown = converse(site.credctl({"key", "show"}), {{site.prompt(), first}});
  CHECK(shown.exit == 0);
  CHECK(asked(shown) == 1);
  CHECK(converse(site.credctl({"key", "show"}), {{site.prompt(), second}}).exit == 1);

  const auto moved =
      converse(site.credctl({"key", "rotate", "--to", "passphrase:" + site.file("other")}),
               {{site.prompt(), first}, {site.prompt("other"), second}, {again, second}});
  INFO(moved.out);
  REQUIRE(moved.exit == 0);
  CHECK(asked(moved) == 3);
  site.name_root("other");
  CHECK(converse(site.credctl({"backup", "create"}), {{site.prompt("other"), second}}).exit == 0);
  const auto restored = converse(site.credctl({"backup", "restore"}),
                                 {{site.prompt("other"), second}, {"Type yes to go on: ", "yes"}});
  INFO(restored.out);
  CHECK(restored.exit == 0);
  CHECK(asked(restored) == 1);
}

TEST_CASE("two new passphrases that differ make no root key and no store") {
  const Sealed site;
  const auto done = converse(site.credctl({"init"}), {{site.prompt(), first}, {again, second}});
  CHECK(done.exit == 2);
  CHECK_FALSE(fs::exists(site.file("root.passphrase")));
  CHECK_FALSE(fs::exists(site.store()));
}

TEST_CASE("promise: a passphrase is the first line of standard input, and passwords follow it") {
  const Sealed site;
  REQUIRE(site.exit_of({"init"}, first + "\n") == 0);
  REQUIRE(site.exit_of({"user", "add", "ann", "--stdin"}, first + "\n" + right_password + "\n") ==
          0);
  CHECK(site.exit_of({"verify", "ann", "--stdin"}, first + "\n" + right_password + "\n") == 0);
  CHECK(site.exit_of({"verify", "ann", "--stdin"}, first + "\n" + wrong_password + "\n") == 1);
  CHECK(site.exit_of({"key", "show"}, second + "\n") == 1);
  CHECK(site.exit_of({"key", "show"}, "") == 2);
  CHECK(site.exit_of({"key", "rotate", "--realm", "system"}, first + "\n") == 0);

  const Words move{"key", "rotate", "--to", "passphrase:" + site.file("other")};
  CHECK(site.exit_of(move, first + "\n") == 2);
  REQUIRE(site.exit_of(move, first + "\n" + second + "\n") == 0);
  site.name_root("other");
  CHECK(site.exit_of({"verify", "ann", "--stdin"}, second + "\n" + right_password + "\n") == 0);
  CHECK(site.exit_of({"backup", "create"}, second + "\n") == 0);
  CHECK(site.exit_of({"backup", "restore", "--yes"}, second + "\n") == 0);
}

TEST_CASE("a root key in a file needs no terminal, and a line for a passphrase is not used") {
  const Site site;
  site.init();
  CHECK(site.run({"--passphrase-stdin", "user", "add", "ann", "--stdin"},
                 std::string("nothing\n") + right_password + "\n")
            .exit == 0);
  CHECK(site.verify("ann", right_password) == 0);
}
