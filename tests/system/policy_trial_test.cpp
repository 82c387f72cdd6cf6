// credctl policy test, on lists and policies as an administrator has them.
#include "site.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace std::string_literals;
using nlohmann::json;

json trial(const Site& site, Site::Words words, const std::string& list) {
  Site::Words all{"--json", "policy", "test", "-"};
  all.insert(all.end(), words.begin(), words.end());
  const auto done = site.run(all, list);
  INFO(done.out << done.err);
  REQUIRE(done.exit == 0);
  return json::parse(done.out);
}

json rule(const json& result, const std::string& id) {
  for (const auto& row : result.at("rules"))
    if (row.at("rule") == id) return row;
  return {};
}

const std::string list =
    "Correct7horse\n"     // taken
    "Tricky4Battery\r\n"  // taken, from a list with CR LF
    "Kv7wmRt2\n"          // taken: eight characters
    "Sh0rtxy\n"           // too short, and too few letters and digits
    "correct7horse\n"     // no upper case, and nothing else
    "1Q2w3e4r\n"          // common
    "Password123!\n";     // common, and the next one is known

}  // namespace

TEST_CASE("a trial counts what each rule refuses, and what it alone refuses") {
  const Site site;
  const auto result = trial(site, {}, list);
  CHECK(result["total"] == 7);
  CHECK(result["accepted"] == 3);
  CHECK(result["refused"] == 4);
  CHECK(result["not_passwords"].empty());
  CHECK(rule(result, "min_length")["refused"] == 1);
  CHECK(rule(result, "min_length")["alone"] == 0);
  CHECK(rule(result, "min_alphanumeric")["refused"] == 1);
  CHECK(rule(result, "min_alphanumeric")["alone"] == 0);
  CHECK(rule(result, "min_upper")["refused"] == 1);
  CHECK(rule(result, "min_upper")["alone"] == 1);
  CHECK(rule(result, "banned")["refused"] == 2);
  CHECK(rule(result, "banned")["alone"] == 1);
  CHECK_FALSE(rule(result, "min_lower")["requirement"].get<std::string>().empty());
  CHECK(rule(result, "min_lower")["refused"] == 0);
  // What needs an account is no part of it, and said to be none.
  const auto left_out = result["not_asked"].get<std::vector<std::string>>();
  CHECK(left_out == std::vector<std::string>{"min_changed", "history", "history_similar"});
  CHECK(rule(result, "min_changed").is_null());
}

TEST_CASE("lines that are no password are counted by reason, and the next ones are judged") {
  const Site site;
  const auto result =
      trial(site, {},
            "Correct7horse\n\nCorrect7\0horse\n\xff\xfe\n\n"s + std::string(512, 'a') + "\n" +
                std::string(1025, 'a') + "\n" + std::string(200'000, 'b') + "\nTricky4Battery");
  CHECK(result["total"] == 2);
  CHECK(result["accepted"] == 2);
  std::map<std::string, int> lines;
  for (const auto& reject : result["not_passwords"])
    lines[reject["reason"].get<std::string>()] = reject["lines"].get<int>();
  CHECK(lines.size() == 5);
  CHECK(lines["the password is empty"] == 2);
  CHECK(lines["the password is longer than 1,024 bytes"] == 2);
}

TEST_CASE("the candidate is the effective policy, a file's, or a preset") {
  const Site site(std::string(cheap_hash) + "[policy]\nmin_length = 13\n");
  CHECK(trial(site, {}, list)["accepted"] == 2);
  CHECK(trial(site, {"--preset", "quarterly"}, list)["accepted"] == 3);
  const std::string file = site.path() / "candidate.toml";
  overwrite(file, "[policy]\nmin_length = 14\n");
  const auto result = trial(site, {"--policy", file}, list);
  CHECK(result["accepted"] == 1);
  CHECK(result["policy"].get<std::string>().find(file) != std::string::npos);

  overwrite(file, "[policy]\nmin_lenght = 14\n");
  const auto wrong = site.run({"policy", "test", "-", "--policy", file}, list);
  CHECK(wrong.exit == 7);
  CHECK(wrong.err.find(file + ":2") != std::string::npos);
  overwrite(file, "# nothing\n");
  CHECK(site.run({"policy", "test", "-", "--policy", file}, list).exit == 7);
  CHECK(site.run({"policy", "test", "-", "--preset", "none"}, list).exit == 2);
  CHECK(site.run({"policy", "test", site.path() / "missing"}).exit == 2);
  CHECK(site.run({"policy", "test", site.path()}).exit == 2);
}

TEST_CASE("with --user the account's profile counts") {
  const Site site;
  site.init();
  const auto added = site.run(
      {"user", "add", "zebra", "--stdin", "--full-name", "Quentin Zebrowski"}, "Correct7horse\n");
  REQUIRE(added.exit == 0);
  const std::string named = "Zebrowski-Tal7\n";
  CHECK(trial(site, {}, named)["accepted"] == 1);
  CHECK(rule(trial(site, {"--user", "zebra"}, named), "personal")["refused"] == 1);
  CHECK(site.run({"policy", "test", "-", "--user", "nobody"}, named).exit == 5);
}

TEST_CASE("a list that cannot be used ends the trial, or is warned of once") {
  Site site;
  const std::string missing = site.path() / "missing.txt";
  const std::string setting = "[policy]\nbanned_lists = [\"" + missing + "\"]\n";
  site.configure(setting);
  const auto refused = site.run({"policy", "test", "-"}, list);
  CHECK(refused.exit == 7);
  CHECK(refused.out.empty());
  CHECK(refused.err.find(missing) != std::string::npos);

  site.configure(setting + "on_data_failure = \"accept\"\n");
  const auto passed =
      site.run({"--json", "policy", "test", "-"}, "Correct7horse\nTricky4Battery\n");
  CHECK(passed.exit == 0);
  const auto first = passed.err.find(missing);
  CHECK(first != std::string::npos);
  CHECK(passed.err.find(missing, first + 1) == std::string::npos);
  // Not "refused none".
  CHECK(rule(json::parse(passed.out), "banned").is_null());
}

TEST_CASE("the page is whole, runs nothing and escapes what it names") {
  const Site site;
  const std::string page = site.path() / "trial.html";
  const std::string file = site.path() / "a<b>&\"c.toml";
  overwrite(file, "[policy]\nmin_length = 14\n");
  overwrite(page, "an older one");
  const Site::Words words{"policy", "test", "-", "--policy", file, "--html", page};
  REQUIRE(site.run(words, list).exit == 0);
  const auto html = content(page);
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.ends_with("</html>\n"));
  CHECK(html.find("a<b>") == std::string::npos);
  CHECK(html.find("a&lt;b&gt;&amp;&quot;c.toml") != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("://") == std::string::npos);
  CHECK(html.find("<dd>system</dd>") != std::string::npos);
  CHECK(html.find("aria-label=\"min_length refused 85.7 %, alone 28.6 %\"") != std::string::npos);
  CHECK(html.find("prefers-color-scheme: dark") != std::string::npos);
  // No temporary file is left, and no device is replaced.
  CHECK(site.files().size() == 3);
  CHECK(site.run({"policy", "test", "-", "--html", "/dev/null"}, list).exit == 2);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("promise: no password of the list is repeated") {
  const Site site;
  const std::string page = site.path() / "trial.html";
  for (const bool as_json : {false, true}) {
    Site::Words words{"policy", "test", "-", "--html", page};
    if (as_json) words.insert(words.begin(), "--json");
    const auto done = site.run(words, list + "Correct7\x01horse\n\xffhorse\n");
    REQUIRE(done.exit == 0);
    for (const auto& text : {done.out, done.err, content(page)})
      for (const char* secret : {"horse", "Battery", "Sh0rt", "assword123"})
        CHECK(text.find(secret) == std::string::npos);
  }
}
