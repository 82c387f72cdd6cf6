// What an administrator sees of the policy, and does by it.
#include "broker.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using nlohmann::json;

json run_json(const Site& site, Site::Words words, int exit = 0, const std::string& input = {}) {
  words.insert(words.begin(), "--json");
  const auto done = site.run(words, input);
  INFO(done.err << done.out);
  REQUIRE(done.exit == exit);
  return json::parse(done.out);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// The trail's records, as bytes: no command reads them yet.
std::string trail(const Site& site) { return site.run({"--json", "audit", "show"}).out; }

std::string day_ahead(int days) {
  return shell("date -u -d \"$1 days\" +%F | tr -d '\\n'", {std::to_string(days)}).out;
}

}  // namespace

TEST_CASE("policy show tells the value, the line it comes from and what it serves") {
  const Site site(std::string(cheap_hash) + "[policy]\nmin_length = 12\n" +
                  "[realm.system.policy]\nmin_digit = 2\n");
  const auto shown = run_json(site, {"policy", "show"});
  CHECK(shown["policy"]["min_length"] == 12);
  CHECK(has(shown["from"]["min_length"].get<std::string>(), "cred.conf:"));
  CHECK(shown["serves"]["min_length"] == "rule 6");
  CHECK(shown["policy"]["min_digit"] == 2);
  CHECK(has(shown["from"]["min_upper"].get<std::string>(), "preset quarterly"));
  const auto text = site.run({"policy", "show"}).out;
  CHECK(has(text, site.configuration() + ":"));
}

TEST_CASE("policy list sets the presets side by side") {
  const Site site;
  const auto listed = run_json(site, {"policy", "list"});
  const auto value = [&](const char* preset, const char* name) {
    return listed["presets"][preset][name];
  };
  CHECK(value("quarterly", "max_age") == "90d");
  CHECK(value("nist-800-63b-4", "min_length") == 15);
  CHECK(value("pci-dss-4", "history") == 4);
  CHECK(value("bsi-orp4", "max_age") == "never");
  CHECK(has(site.run({"policy", "list"}).out, "nist-800-63b-4"));
}

TEST_CASE("policy lint names each clause that the policy departs from, and fails") {
  Site site;
  const auto departed = run_json(site, {"policy", "lint", "--against", "nist-800-63b-4"}, 1);
  const auto& all = departed["departures"];
  const auto about = [&](const char* name) {
    return std::find_if(all.begin(), all.end(), [&](const json& d) { return d["option"] == name; });
  };
  REQUIRE(about("max_age") != all.end());
  CHECK((*about("max_age"))["value"] == "90d");
  CHECK((*about("max_age"))["clause"] == "SP 800-63B-4 §3.1.1.2");
  CHECK(
      has(site.run({"policy", "lint", "--against", "nist-800-63b-4"}).out,
          "max_age = 90d: SP 800-63B-4 §3.1.1.2 says verifiers shall not require periodic change"));
  for (const char* preset : {"quarterly", "nist-800-63b-4", "pci-dss-4", "bsi-orp4"}) {
    site.configure(std::string(cheap_hash) + "[policy]\npreset = \"" + preset + "\"\n");
    CHECK(site.run({"policy", "lint", "--against", preset}).exit == 0);
  }
  CHECK(site.run({"policy", "lint", "--against", "none"}).exit == 2);
}

TEST_CASE("options that contradict one another are refused with the line, and nothing is done") {
  Site site;
  const struct {
    const char* policy;
    const char* says;
  } cases[] = {
      {"min_length = 99\nmax_length = 20\n", "max_length"},
      {"preset = \"quarterly\"\nhistory = 0\n", "history"},
      {"history = false\n", "history"},
      {"min_upper = 600\nmin_lower = 600\n", "max_length"},
      {"warn = \"91d\"\n", "warn"},
      {"min_age = \"90d\"\n", "min_age"},
      {"breach = \"relative\"\n", "breach"},
      {"min_strength = 5\n", "min_strength"},
      {"max_sequence = 2\n", "max_sequence"},
      {"on_data_failure = \"ignore\"\n", "on_data_failure"},
      {"match = \"some\"\n", "match"},
  };
  for (const auto& [policy, says] : cases) {
    site.configure(std::string("[policy]\n") + policy);
    const auto shown = site.run({"policy", "show"});
    INFO(policy << shown.err);
    CHECK(shown.exit == 7);
    CHECK(has(shown.err, says));
    CHECK(has(shown.err, site.configuration() + ":"));
    CHECK(site.run({"init"}).exit == 7);
    CHECK_FALSE(std::filesystem::exists(site.store()));
  }
}

TEST_CASE("what user set adds to a profile is refused in passwords from then on") {
  const Site site;
  site.init();
  site.add("ann");
  const auto with = [&](const char* text) {
    return site.run({"check", "ann", "--stdin"}, text).exit;
  };
  CHECK(with("Quilt-Bella-77x\n") == 0);
  REQUIRE(site.run({"user", "set", "ann", "--attribute", "dog=Bella"}).exit == 0);
  CHECK(with("Quilt-Bella-77x\n") == 1);
  REQUIRE(site.run({"user", "set", "ann", "--attribute", "dog="}).exit == 0);
  CHECK(with("Quilt-Bella-77x\n") == 0);
  CHECK(site.run({"user", "set", "ann", "--birth-date", "1987-13-03"}).exit == 2);
  CHECK(site.run({"user", "set", "ben", "--phone", "1"}).exit == 5);
  CHECK(site.run({"user", "set", "ann"}).exit == 2);
}

TEST_CASE("an exemption needs a reason, is shown and is in the trail") {
  const Site site;
  site.init();
  site.add("ann");
  const auto exempt = [&](const std::string& day) {
    return site.run({"user", "set", "ann", "--exempt-until", day, "--reason", "parental leave"})
        .exit;
  };
  CHECK(site.run({"user", "set", "ann", "--exempt-until", day_ahead(60)}).exit == 2);
  CHECK(exempt(day_ahead(-60)) == 2);
  CHECK(exempt(day_ahead(400)) == 2);  // more than a year
  REQUIRE(exempt(day_ahead(60)) == 0);
  CHECK(has(site.run({"status", "ann"}).out, "parental leave"));
  CHECK(has(trail(site), "parental leave"));
  REQUIRE(site.run({"user", "set", "ann", "--no-exemption", "--reason", "back"}).exit == 0);
  CHECK_FALSE(has(site.run({"status", "ann"}).out, "parental leave"));
}

TEST_CASE("after compromise a login must change the password, or is locked out") {
  const Site site;
  site.init();
  site.add("ann");
  site.add("ben");
  CHECK(site.run({"compromise", "ann"}).exit == 2);
  REQUIRE(site.run({"compromise", "ann", "--reason", "laptop stolen"}).exit == 0);
  CHECK(site.verify("ann", right_password) == 3);
  REQUIRE(site.run({"compromise", "ben", "--reason", "seen", "--lock"}).exit == 0);
  CHECK(site.verify("ben", right_password) == 4);
  CHECK(has(trail(site), "laptop stolen"));
  CHECK(change_password(site, "ann", right_password, other_password).code == cred::Code::accepted);
  CHECK(site.verify("ann", other_password) == 0);
}

TEST_CASE("a corpus or list that cannot be used is named, and refuses or not as configured") {
  Site site;
  const std::string corpus = site.path() / "corpus";
  const std::string list = site.path() / "words.txt";
  const auto settings = [&](const char* then) {
    site.configure(std::string(cheap_hash) + "[policy]\non_data_failure = \"" + then +
                   "\"\nbreach = \"" + corpus + "\"\nbanned_lists = [\"" + list + "\"]\n");
  };
  const std::string digest = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:5\n";  // of "password"
  REQUIRE(site.run({"breach", "build", "--output", corpus}, digest).exit == 0);
  overwrite(list, "contoso\n");
  settings("refuse");
  site.init();
  site.add("ann");
  CHECK(site.run({"check", "--stdin"}, "Contoso-2026xx\n").exit == 1);

  const std::string good = content(corpus);
  std::string newer = good;
  newer[8] = 99;
  const struct {
    std::string bytes;
    std::string of_list;
    std::string named;
  } cases[] = {
      {good.substr(0, 4000), "contoso\n", corpus},  // truncated
      {std::string(good.size(), 'x'), "contoso\n", corpus},
      {newer, "contoso\n", corpus},
      {good, "cont\xffoso\n", list},
  };
  for (const auto& [bytes, of_list, named] : cases) {
    overwrite(corpus, bytes);
    overwrite(list, of_list);
    settings("refuse");
    const auto records = trail(site).size();
    const auto refused = site.run({"passwd", "ann", "--stdin"}, other_password + std::string("\n"));
    INFO(refused.err);
    CHECK((refused.exit == 9 || refused.exit == 8 || refused.exit == 7));
    CHECK(has(refused.err, named));
    CHECK(has(trail(site).substr(records), named));
    CHECK(site.verify("ann", right_password) == 0);  // a right password stays right
    settings("accept");
    const auto checked = site.run({"check", "--stdin"}, other_password + std::string("\n"));
    CHECK(checked.exit == 0);
    CHECK(has(checked.err, named));
  }
  overwrite(corpus, good);
  overwrite(list, "contoso\n");
  settings("refuse");
  site.reset("ann", other_password);
}
