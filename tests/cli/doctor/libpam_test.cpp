// The reckoning against libpam itself: random stacks of pam_debug.so, which returns what its
// argument says.

#include "cli/doctor/pam_stack.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>
#include <security/pam_appl.h>

using namespace cred::doctor;

namespace {

// Codes that pam_authenticate gives back as they are: libpam keeps conv_again and incomplete
// for itself.
constexpr std::array<Answer, 9> returned{
    Answer::success,          Answer::auth_err,     Answer::user_unknown,
    Answer::authinfo_unavail, Answer::acct_expired, Answer::ignore,
    Answer::new_authtok_reqd, Answer::perm_denied,  Answer::module_unknown};

class Stacks {
 public:
  // libpam looks for included files in /etc/pam.d, or where their path says.
  Stacks(unsigned seed, std::string directory) : random_(seed), directory_(std::move(directory)) {}

  std::string file(bool may_include) {
    std::string text;
    for (unsigned lines = 1 + below(5); lines > 0; --lines) {
      const unsigned kind = below(may_include ? 10 : 7);
      if (kind == 9)
        text += "@include " + directory_ + "one\n";
      else if (kind >= 7)
        text += std::string("auth ") + (kind == 8 ? "substack" : "include") + " " + directory_ +
                "two\n";
      else
        text += "auth " + control() +
                " pam_debug.so auth=" + std::string(word(returned[below(returned.size())])) + "\n";
    }
    return text;
  }

 private:
  unsigned below(std::size_t n) { return static_cast<unsigned>(random_() % n); }
  std::string control() {
    constexpr std::array<const char*, 4> words{"required", "requisite", "sufficient", "optional"};
    if (below(2) == 0) return words[below(words.size())];
    std::string text = "[";
    for (unsigned i = below(4); i > 0; --i)
      text += std::string(word(returned[below(returned.size())])) + "=" + action() + " ";
    return text + (below(4) == 0 ? "success=ok" : "default=" + action()) + "]";
  }
  std::string action() {
    constexpr std::array<const char*, 9> actions{"ignore", "ok", "done", "bad", "die",
                                                 "reset",  "1",  "2",    "3"};
    return actions[below(actions.size())];
  }
  std::mt19937 random_;
  const std::string directory_;
};

int no_conversation(int, const pam_message**, pam_response**, void*) { return PAM_CONV_ERR; }

int answer_of_libpam(const std::string& directory) {
  const pam_conv conversation{no_conversation, nullptr};
  pam_handle_t* handle = nullptr;
  REQUIRE(pam_start_confdir("service", "nobody", &conversation, directory.c_str(), &handle) ==
          PAM_SUCCESS);
  const int answer = pam_authenticate(handle, PAM_SILENT);
  pam_end(handle, answer);
  return answer;
}

}  // namespace

TEST_CASE("what a stack answers is what libpam answers", "[doctor]") {
  const cred::test::TemporaryDirectory directory;
  Stacks stacks(20261125, directory / "");
  std::map<int, unsigned> seen;
  for (int turn = 0; turn < 1500; ++turn) {
    std::map<std::string, std::string> files;
    files["service"] = stacks.file(true);
    for (const char* name : {"one", "two", "other"}) files[name] = stacks.file(false);
    for (const auto& [name, text] : files) std::ofstream(directory / name) << text;
    const PamStack stack = assemble("service", Facility::auth, [&](const std::string& name) {
      return parse_pam_file(files.at(name.substr(name.rfind('/') + 1)), name);
    });
    const auto verdict = evaluate(stack.steps, [](const Step& step) {
      const std::string wanted = step.line.arguments.at(0).substr(5);
      return *std::ranges::find_if(returned, [&](Answer a) { return word(a) == wanted; });
    });
    INFO(files["service"] << "-- one\n" << files["one"] << "-- two\n" << files["two"]);
    const int answer = answer_of_libpam(directory / "");
    CHECK(static_cast<int>(verdict.answer) == answer);
    ++seen[answer];
  }
  // Not one answer over and over.
  CHECK(seen.size() >= 6);
  CHECK(seen[PAM_SUCCESS] > 50);
}
