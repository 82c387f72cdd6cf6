#include "cli/doctor/pam_check.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace cred::doctor;

namespace {

using Files = std::map<std::string, std::string>;

PamFiles reader(const Files& files) {
  return [&files](const std::string& name) -> std::optional<std::vector<PamLine>> {
    const auto found = files.find(name);
    if (found == files.end()) return std::nullopt;
    return parse_pam_file(found->second, name);
  };
}

// What libpam answers: success, or the word of an error.
std::string answer(const Files& files, const std::map<std::string, Answer>& returns,
                   Facility facility = Facility::auth) {
  const PamStack stack = assemble("service", facility, reader(files));
  return std::string(word(evaluate(stack.steps, [&](const Step& step) {
                            return returns.at(step.line.name());
                          }).answer));
}

std::string answer(const std::string& text, const std::map<std::string, Answer>& returns) {
  return answer(Files{{"service", text}}, returns);
}

constexpr Answer yes = Answer::success;
constexpr Answer no = Answer::auth_err;

}  // namespace

TEST_CASE("a line of pam.d is read as libpam reads it") {
  const auto lines = parse_pam_file(
      "# comment\n"
      "\n"
      "-AUTH  [success=2 \\\n   default=ignore]\tpam_a.so  one [two words \\] x] # more\n"
      "@include common-auth\n"
      "session include other\n"
      "auth required /lib/security/pam_b.so\n",
      "/f");
  REQUIRE(lines);
  REQUIRE(lines->size() == 4);
  const PamLine& first = lines->at(0);
  CHECK(first.kind == PamLine::Kind::module);
  CHECK(first.number == 3);
  CHECK(first.name() == "pam_a");
  CHECK(first.arguments == std::vector<std::string>{"one", "two words ] x"});
  CHECK(first.actions[0].kind == Action::Kind::jump);
  CHECK(first.actions[0].count == 2);
  CHECK(first.actions[static_cast<std::size_t>(no)].kind == Action::Kind::ignore);
  CHECK(lines->at(1).kind == PamLine::Kind::all);
  CHECK(lines->at(2).kind == PamLine::Kind::include);
  CHECK(lines->at(3).number == 7);
  CHECK(lines->at(3).name() == "pam_b");
}

TEST_CASE("a line that libpam cannot read is broken, with the reason") {
  for (const char* text : {"auht required pam_a.so", "auth requird pam_a.so", "auth required",
                           "auth [success=perhaps] pam_a.so", "auth [succes=ok] pam_a.so",
                           "auth [success=0] pam_a.so", "@include"}) {
    const auto lines = parse_pam_file(text, "/f");
    REQUIRE(lines);
    REQUIRE(lines->size() == 1);
    INFO(text);
    CHECK(lines->at(0).kind == PamLine::Kind::broken);
    CHECK_FALSE(lines->at(0).fault.empty());
  }
}

TEST_CASE("files past the bounds are not read") {
  CHECK_FALSE(parse_pam_file(std::string(largest_pam_file + 1, '\n'), "/f"));
  std::string many;
  for (std::size_t i = 0; i <= most_pam_lines; ++i) many += "auth required a\n";
  CHECK_FALSE(parse_pam_file(many, "/f"));
}

TEST_CASE("the words of controls decide as in libpam") {
  CHECK(answer("auth required a", {{"a", yes}}) == "success");
  CHECK(answer("auth required a", {{"a", no}}) == "auth_err");
  CHECK(answer("", {}) == "perm_denied");
  // `required` goes on after a failure, and answers with the first.
  CHECK(answer("auth required a\nauth required b", {{"a", Answer::user_unknown}, {"b", no}}) ==
        "user_unknown");
  CHECK(answer("auth requisite a\nauth sufficient b", {{"a", Answer::user_unknown}, {"b", yes}}) ==
        "user_unknown");
  CHECK(answer("auth sufficient a\nauth required b", {{"a", yes}, {"b", no}}) == "success");
  CHECK(answer("auth sufficient a\nauth required b", {{"a", no}, {"b", yes}}) == "success");
  CHECK(answer("auth required a\nauth sufficient b\nauth required c",
               {{"a", no}, {"b", yes}, {"c", yes}}) == "auth_err");
  CHECK(answer("auth sufficient a", {{"a", no}}) == "perm_denied");
  CHECK(answer("auth optional a\nauth required b", {{"a", no}, {"b", yes}}) == "success");
  CHECK(answer("auth optional a", {{"a", no}}) == "perm_denied");
  CHECK(answer("auth required a", {{"a", Answer::ignore}}) == "perm_denied");
}

TEST_CASE("a jump passes over as many modules as it says, and one too far fails") {
  const std::string text = "auth [success=1 default=ignore] a\nauth requisite b\nauth required c";
  CHECK(answer(text, {{"a", yes}, {"b", no}, {"c", yes}}) == "success");
  CHECK(answer(text, {{"a", no}, {"b", no}, {"c", yes}}) == "auth_err");
  // A jump leaves no impression of its own.
  CHECK(answer("auth [success=1 default=ignore] a\nauth requisite b", {{"a", yes}, {"b", no}}) ==
        "perm_denied");
  CHECK(answer("auth [success=3 default=ignore] a\nauth required c", {{"a", yes}, {"c", yes}}) ==
        "perm_denied");
}

TEST_CASE("what square brackets leave unsaid fails; reset forgets what was before the substack") {
  CHECK(answer("auth [success=ok] a\nauth required b", {{"a", no}, {"b", yes}}) == "auth_err");
  const Files files{{"service", "auth required a\nauth substack sub"},
                    {"sub", "auth required b\nauth [success=reset default=bad] c"}};
  CHECK(answer(files, {{"a", yes}, {"b", no}, {"c", yes}}) == "success");
}

TEST_CASE("done and die end a substack, and the whole stack from an include") {
  const std::string sub = "auth sufficient a\nauth requisite b";
  const std::map<std::string, Answer> first{{"a", yes}, {"b", no}, {"c", no}};
  CHECK(answer(Files{{"service", "auth substack sub\nauth required c"}, {"sub", sub}}, first) ==
        "auth_err");
  CHECK(answer(Files{{"service", "auth include sub\nauth required c"}, {"sub", sub}}, first) ==
        "success");
  // A jump in front of a substack takes all of it for one.
  CHECK(answer(
            Files{{"service", "auth [success=1 default=bad] c\nauth substack sub\nauth required d"},
                  {"sub", sub}},
            {{"a", no}, {"b", no}, {"c", yes}, {"d", yes}}) == "success");
}

TEST_CASE("an included file that is missing, or includes itself, lets nobody in") {
  const std::map<std::string, Answer> all{{"a", yes}};
  CHECK(answer("auth required a\n@include none", all) == "perm_denied");
  CHECK(answer("auth required a\nauth include service", all) == "perm_denied");
  const Files files{{"service", "@include none"}};
  const PamStack stack = assemble("service", Facility::auth, reader(files));
  REQUIRE(stack.faults.size() == 1);
  CHECK(stack.faults[0].find("service:1: ") == 0);
  // Many files that include many are given up in time.
  Files many;
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "@include next\n";
  many["service"] = wide;
  many["next"] = wide;
  CHECK_FALSE(assemble("service", Facility::auth, reader(many)).faults.empty());
}
