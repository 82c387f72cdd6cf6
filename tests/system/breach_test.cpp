// credctl breach: a corpus of the public list, as an administrator makes and asks it.
#include "site.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace std::string_literals;

// The SHA-1 of "password" and of "123456".
const std::string list =
    "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179\r\n"
    "7c4a8d09ca3762af61e59520943dc26494f8941b:209972844\n";

class Lists : public Site {
 public:
  std::string corpus() const { return path() / "breach"; }
  Finished build(const std::string& input) const {
    return run({"breach", "build", "--output", corpus()}, input);
  }
};

}  // namespace

TEST_CASE("a list on standard input or in a gzip file becomes a corpus that info describes") {
  const Lists site;
  overwrite(site.path() / "list", list);
  REQUIRE(shell("gzip \"$1\"", {site.path() / "list"}).exit == 0);
  for (const bool gzip : {false, true}) {
    const auto built =
        gzip ? site.run({"breach", "build", site.path() / "list.gz", "--output", site.corpus()})
             : site.build(list);
    INFO(built.err);
    CHECK(built.exit == 0);
    CHECK(built.err.empty());  // no terminal, no bar
    const auto info = site.run({"breach", "info", site.corpus(), "--json"});
    REQUIRE(info.exit == 0);
    const auto facts = nlohmann::json::parse(info.out);
    CHECK(facts["entries"] == 2);
    CHECK(facts["version"] == 1);
    CHECK(facts["false_positive_rate"].get<double>() < 1e-7);
    CHECK(facts["created"].get<std::string>().size() == "2026-11-24T00:00:00Z"s.size());
  }
  CHECK(site.run({"breach", "info", site.corpus()}).out.find("Passwords:        2\n") !=
        std::string::npos);
}

TEST_CASE("a wrong list is refused by its line and leaves the former corpus") {
  const Lists site;
  REQUIRE(site.build(list).exit == 0);
  const std::string before = content(site.corpus());
  const auto wrong = site.build(list + "password\n");
  CHECK(wrong.exit == 2);
  CHECK(wrong.err.find("standard input:3: ") != std::string::npos);
  CHECK(site.build("").exit == 2);
  CHECK(site.run({"breach", "build", site.path() / "none", "--output", site.corpus()}).exit == 7);
  CHECK(content(site.corpus()) == before);
}

TEST_CASE("promise: a damaged corpus is named with its reason") {
  const Lists site;
  REQUIRE(site.build(list).exit == 0);
  std::string bytes = content(site.corpus());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  overwrite(site.corpus(), bytes);
  const auto damaged = site.run({"breach", "info", site.corpus()});
  CHECK(damaged.exit == 9);
  CHECK(damaged.err.find(site.corpus()) != std::string::npos);
  CHECK(damaged.err.find("checksum") != std::string::npos);
  overwrite(site.corpus(), bytes.substr(1));
  CHECK(site.run({"breach", "info", site.corpus()}).exit == 9);
  CHECK(site.run({"breach", "info", site.path() / "none"}).exit == 7);
  CHECK(site.run({"breach", "info"}).exit == 2);  // none is given or configured
}
