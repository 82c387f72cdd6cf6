// Reasons in the language of whoever reads them.
#include "broker.hpp"

#include <catch2/catch.hpp>

namespace {

Finished check_in(const Site& site, const std::string& language, const Site::Words& words) {
  Launch launch = site.credctl(words, "short1A\n");
  if (!language.empty()) launch.environment.push_back("LANGUAGE=" + language);
  return run(launch);
}

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("credctl gives its reasons in the language that the environment asks for") {
  const Site site;
  site.init();
  const auto english = check_in(site, "", {"check", "--stdin"});
  CHECK(english.exit == 1);
  CHECK(has(english.out, "At least 8 characters"));
  const auto german = check_in(site, "de", {"check", "--stdin"});
  CHECK(german.exit == 1);
  CHECK(has(german.out, "Mindestens 8 Zeichen"));
  CHECK(has(german.out, "[min_length]"));
  CHECK(has(german.out, "von 4"));  // the strength
  CHECK_FALSE(has(german.out, "At least"));
  // What programs go by stays.
  const auto rules =
      nlohmann::json::parse(check_in(site, "de", {"--json", "check", "--stdin"}).out);
  CHECK(rules["rules"][0]["rule"] == "min_length");
  CHECK(rules["rules"][0]["parameters"]["least"] == "8");
  CHECK(rules["strength"]["score"].is_number());
}

TEST_CASE("a language that is none, or leads out of the catalogs, is English") {
  const Site site;
  site.init();
  for (const char* language : {"xx", "../../../tmp", "de/../../../../tmp", "%s%n"})
    CHECK(has(check_in(site, language, {"check", "--stdin"}).out, "At least 8 characters"));
}

TEST_CASE("credd answers each request in its caller's language") {
  const Site site;
  site.init();
  site.add("ann");
  const auto german =
      change_password(site, "ann", right_password, "short1A", {.language = "de:en"});
  CHECK(german.code == cred::Code::refused);
  CHECK(has(german.messages, "zu kurz"));
  const auto english = change_password(site, "ann", right_password, "short1A");
  CHECK(has(english.messages, "too short"));
}

TEST_CASE("credd advises on a password that the policy takes and that could be stronger") {
  const Site site;
  site.init();
  site.add("ann");
  const auto checked = [&](const char* password) {
    return change_password(site, "ann", right_password, password,
                           {.kind = cred::wire::Kind::check, .language = "de"});
  };
  const auto weak = checked("Love9Money");
  CHECK(weak.code == cred::Code::accepted);
  CHECK(has(weak.messages, "von 4"));
  const auto strong = checked("Kv7wmRt2-zebraquilt");
  CHECK(strong.code == cred::Code::accepted);
  CHECK(strong.messages.empty());
}
