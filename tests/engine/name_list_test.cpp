#include "engine/name_list.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::engine;

TEST_CASE("a list gives each name once, with the line where it stands first") {
  const auto names = value_or_throw(parse_name_list("# stolen\n\nann\r\n  ben \nann\n\t#x\nzoe"));
  REQUIRE(names.size() == 3);
  CHECK(names[0].name == "ann");
  CHECK(names[0].line == 3);
  CHECK(names[1].name == "ben");
  CHECK(names[1].line == 4);
  CHECK(names[2].name == "zoe");
  CHECK(names[2].line == 7);
}

TEST_CASE("what is no name is refused with its line, and not repeated") {
  for (const std::string bad : {"so secret", "a:b", "-x", "\xff\xfe", "a\x01", ".."}) {
    const auto names = parse_name_list("ann\n" + bad + "\n");
    REQUIRE_FALSE(names);
    CHECK(names.error().code == Code::usage);
    CHECK(names.error().message.find("line 2") != std::string::npos);
    CHECK(names.error().message.find(bad + " ") == std::string::npos);
  }
  CHECK_FALSE(parse_name_list(std::string_view("a\0b", 3)));
}

TEST_CASE("a list that is empty or too large is refused") {
  CHECK_FALSE(parse_name_list(""));
  CHECK_FALSE(parse_name_list("# nobody\n\n"));
  const std::string longest(max_name_list_bytes - 4, '\n');
  CHECK(parse_name_list(longest + "ann\n"));
  CHECK_FALSE(parse_name_list(longest + "ann\n\n"));
}
