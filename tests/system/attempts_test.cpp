// Promise 4 with real processes: what is counted, and what is hashed.
#include "site.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <thread>

namespace {

Site::Words verify_words(const std::string& name) { return {"verify", name, "--stdin"}; }

class CountedSite : public Site {
 public:
  CountedSite() : Site(std::string(cheap_hash) + "[attempts]\nthreshold = 5\ndelay = \"2s\"\n") {
    init();
    add("ann");
  }
  // A login whose hashes are counted.
  Process login(const std::string& name, const std::string& password) const {
    auto launch = credctl(verify_words(name), password + "\n");
    launch.environment = {"LD_PRELOAD=" WATCH_HASHES, "CRED_ARGON2=sodium",
                          "CRED_TEST_HASHES=" + hashes_file()};
    return Process(launch);
  }
  std::size_t hashes() const { return content(hashes_file()).size(); }

 private:
  std::string hashes_file() const { return path() / "hashes"; }
};

std::vector<Finished> ends_of(std::vector<Process>& processes) {
  std::vector<Finished> finished;
  for (auto& process : processes) finished.push_back(process.wait());
  return finished;
}

void all_refused_alike(const std::vector<Finished>& answers) {
  for (const auto& answer : answers) {
    REQUIRE(answer.exit == 1);
    REQUIRE(answer.out == answers.front().out);
    REQUIRE(answer.err == answers.front().err);
  }
}

}  // namespace

TEST_CASE("promise: of 64 wrong guesses at once, five are hashed and all are answered alike") {
  CountedSite site;
  std::vector<Process> guesses;
  for (int i = 0; i < 64; ++i)
    guesses.push_back(site.login("ann", wrong_password + std::to_string(i)));
  const auto answers = ends_of(guesses);
  all_refused_alike(answers);
  // The first delay may end while the last of them still start: then one more.
  CHECK(site.hashes() >= 5);
  CHECK(site.hashes() <= 6);
  CHECK(site.status("ann")["failures"] == site.hashes());
  CHECK(site.status("ann")["attempts_left"] == 0);
}

TEST_CASE("promise: a name that nobody has is answered and counted like one that somebody has") {
  CountedSite site;
  std::vector<Process> guesses;
  for (int i = 0; i < 64; ++i) guesses.push_back(site.login("nobody", wrong_password));
  const auto answers = ends_of(guesses);
  all_refused_alike(answers);
  CHECK(site.hashes() >= 5);
  CHECK(site.hashes() <= 6);
  const auto known = site.run(verify_words("ann"), std::string(wrong_password) + "\n");
  CHECK(known.exit == answers.front().exit);
  CHECK(known.err == answers.front().err);
  CHECK(known.out == answers.front().out);
  // Counted under a keyed pseudonym, and not in the open.
  // For each name alone and with its source, and the source: five counters.
  CHECK(site.sql("SELECT count(*) FROM attempts;") == "5\n");
  CHECK(site.sql("SELECT count(*) FROM attempts WHERE instr(subject || label, 'nobody') > 0;") ==
        "0\n");
}

TEST_CASE("promise: a hundred right logins at once all succeed") {
  CountedSite site;
  std::vector<Process> logins;
  for (int i = 0; i < 100; ++i) logins.push_back(site.login("ann", right_password));
  for (const auto& answer : ends_of(logins)) {
    INFO(answer.err);
    REQUIRE(answer.exit == 0);
  }
  CHECK(site.hashes() == 100);
  CHECK(site.status("ann")["failures"] == 0);
}

TEST_CASE("promise: right logins succeed among a few wrong guesses") {
  CountedSite site;
  std::vector<Process> logins;
  std::vector<Process> guesses;
  for (int i = 0; i < 40; ++i) {
    if (i % 12 == 5) guesses.push_back(site.login("ann", wrong_password));
    logins.push_back(site.login("ann", right_password));
  }
  REQUIRE(guesses.size() == 3);
  for (const auto& answer : ends_of(guesses)) REQUIRE(answer.exit == 1);
  for (const auto& answer : ends_of(logins)) {
    INFO(answer.err);
    REQUIRE(answer.exit == 0);
  }
}

TEST_CASE("after the delay the right password is taken again, and during it nothing is hashed") {
  CountedSite site;
  for (int i = 0; i < 5; ++i) REQUIRE(site.verify("ann", wrong_password) == 1);
  REQUIRE_FALSE(site.status("ann")["blocked_until"].is_null());
  REQUIRE(site.login("ann", right_password).wait().exit == 1);
  REQUIRE(site.hashes() == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  REQUIRE(site.login("ann", right_password).wait().exit == 0);
  REQUIRE(site.hashes() == 1);
  CHECK(site.status("ann")["failures"] == 0);
}

TEST_CASE("promise: killing the process does not win a guess back") {
  CountedSite site;
  auto launch = site.credctl(verify_words("ann"), std::string(wrong_password) + "\n");
  launch.environment = {"LD_PRELOAD=" WATCH_HASHES, "CRED_ARGON2=sodium", "CRED_TEST_DIE=1"};
  for (int i = 0; i < 4; ++i) REQUIRE(run(launch).signal == SIGKILL);
  CHECK(site.status("ann")["failures"] == 0);
  CHECK(site.status("ann")["attempts_left"] == 1);

  // The leases last 20 seconds; then they are failures.
  const auto later =
      run(under({"faketime", "-f", "+25s"}, site.credctl({"--json", "status", "ann"})));
  const auto status = nlohmann::json::parse(later.out);
  CHECK(status["failures"] == 4);
  CHECK(status["attempts_left"] == 1);
  // Without the faketime program, which turns the signal into an exit status.
  launch.environment = {"LD_PRELOAD=" WATCH_HASHES ":/usr/$LIB/faketime/libfaketime.so.1",
                        "FAKETIME=+25s", "CRED_ARGON2=sodium", "CRED_TEST_DIE=1"};
  REQUIRE(run(launch).signal == SIGKILL);
  const auto blocked = nlohmann::json::parse(
      run(under({"faketime", "-f", "+50s"}, site.credctl({"--json", "status", "ann"}))).out);
  CHECK(blocked["failures"] == 5);
  CHECK(blocked["attempts_left"] == 0);
}

TEST_CASE("failed attempts are shown and cleared") {
  CountedSite site;
  for (int i = 0; i < 6; ++i) site.run(verify_words("ann"), std::string(wrong_password) + "\n");
  const auto shown = site.run({"attempts", "show", "ann"});
  CHECK(shown.exit == 0);
  CHECK(shown.out.find("uid 0") != std::string::npos);
  const auto all = nlohmann::json::parse(site.run({"--json", "attempts", "show"}).out);
  REQUIRE(all["attempts"].size() == 3);
  for (const auto& counter : all["attempts"]) CHECK(counter["failures"] == 5);
  CHECK(site.run({"attempts", "clear", "ann"}).exit == 0);
  CHECK(site.status("ann")["attempts_left"] == 5);
  CHECK(site.run({"attempts", "clear", "--source", "uid 0"}).exit == 0);
  CHECK(site.run({"attempts", "show"}).out == "No failed attempts are counted.\n");
  CHECK(site.run({"attempts", "clear", "--source", "uid 0"}).exit == 5);
  CHECK(site.run({"attempts", "clear", "nobody"}).exit == 5);
  CHECK(site.run({"attempts", "show", "nobody"}).exit == 5);
  CHECK(site.run({"attempts", "clear"}).exit == 2);
  CHECK(site.run(verify_words("ann"), std::string(right_password) + "\n").exit == 0);
}
