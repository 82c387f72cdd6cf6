// What a shell is told by `credctl completion`, tried in the shells.
#include "site.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <sstream>

namespace {

using Words = std::set<std::string>;

Words words_in(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

std::string script_for(const std::string& shell) {
  const Finished script = Site().run({"completion", shell});
  REQUIRE(script.exit == 0);
  return script.out;
}

// What bash offers for a line whose last word is still being typed.
Words offered(std::vector<std::string> line) {
  Launch bash;
  bash.argv = {"/bin/bash", "-c",
               script_for("bash") +
                   "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _credctl\n"
                   "printf '%s\\n' \"${COMPREPLY[@]}\"\n",
               "bash", "credctl"};
  bash.argv.insert(bash.argv.end(), line.begin(), line.end());
  const Finished answer = run(bash);
  CHECK(answer.err.empty());
  return words_in(answer.out);
}

}  // namespace

TEST_CASE("bash completes every command, its inner commands and its options") {
  const Words commands = offered({""});
  for (const char* command :
       {"init", "user", "passwd", "verify", "backup", "completion", "--json"}) {
    INFO(command);
    CHECK(commands.count(command) == 1);
  }
  CHECK(offered({"us"}) == Words{"user"});
  CHECK(offered({"--json", "user", "sh"}) == Words{"show"});
  CHECK(offered({"user", "add", "--full"}) == Words{"--full-name"});
  CHECK(offered({"user", "add", "alice", "--mu"}) == Words{"--must-change"});
}

TEST_CASE(
    "bash completes files where an option takes one, and no word where it takes another value") {
  CHECK(offered({"--config", "/etc/pass"}).count("/etc/passwd") == 1);
  CHECK(offered({"--realm", ""}).empty());
  CHECK(offered({"user", "add", "--email", ""}).empty());
}

TEST_CASE("zsh completes the same words") {
  Launch zsh;
  // In place of zsh's own: prints what it would offer.
  zsh.argv = {"/bin/zsh", "-fc",
              "_describe() { print -l -- ${(P)2%%:*} }; _files() { print a-file }\n"
              "words=(credctl key '') CURRENT=3\n" +
                  script_for("zsh")};
  const Finished answer = run(zsh);
  CHECK(answer.err.empty());
  const Words words = words_in(answer.out);
  CHECK(words.count("rotate") == 1);
  CHECK(words.count("--config") == 1);
  CHECK(words.count("a-file") == 0);
}
