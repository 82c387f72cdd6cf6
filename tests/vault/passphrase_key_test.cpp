#include "vault/key_source.hpp"

#include "support/environment.hpp"
#include "support/temporary.hpp"

#include <argon2.h>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

using namespace cred;
using namespace cred::vault;

namespace {

constexpr const char* passphrase = "correct horse battery";

// Answers in the order in which it is asked.
struct Person {
  std::vector<std::string> answers;
  std::vector<std::string> prompts;
  AskSecret ask() {
    return [this](const std::string& prompt) -> Expected<Secret> {
      prompts.push_back(prompt);
      return test::secret(answers.at(prompts.size() - 1));
    };
  }
};

struct Folder {
  test::Environment none{"CREDENTIALS_DIRECTORY", nullptr};
  test::TemporaryDirectory directory;
  std::string path = directory / "root.passphrase";
  std::string url = "passphrase:" + path;

  auto files() const {
    return std::distance(std::filesystem::directory_iterator(directory / "."), {});
  }
  // A file that costs little; those of create_root_key cost 256 MiB.
  void write_quick() const {
    PassphraseFile file{64, 1, {}, {}};
    file.salt.fill(std::byte{7});
    file.check = check_of(file, *derive_passphrase_key(file, test::secret(passphrase)));
    REQUIRE(create_guarded(path, "the passphrase file", bytes_of(file)));
  }
  Expected<Secret> load(const char* typed) const {
    Person person{{typed}, {}};
    return load_root_key(url, person.ask());
  }
};

void write(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path, std::ios::binary) << text;
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("a passphrase makes the same root key again, and the file holds none") {
  Folder folder;
  Person person{{passphrase, passphrase}, {}};
  const auto created = create_root_key(folder.url, person.ask());
  REQUIRE(created);
  CHECK(created->equals(*folder.load(passphrase)));
  REQUIRE(person.prompts.size() == 2);
  CHECK(person.prompts[0] == "Passphrase of the root key " + folder.path + ": ");
  CHECK(person.prompts[1] == "The same passphrase again: ");
  struct stat status {};
  REQUIRE(stat(folder.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0400);
  CHECK(status.st_size == 62);
  CHECK(folder.files() == 1);
  const auto bytes = read_guarded(folder.path, "the file", {62, 62}, Guard::owner);
  const auto file = parse_passphrase_file(bytes->bytes());
  REQUIRE(file);
  CHECK(file->memory_kib == 256 * 1024);
  CHECK(file->passes == 3);
  const auto key = folder.load(passphrase);
  REQUIRE(key);
  CHECK(key->size() == key_bytes);
  const std::string_view text(bytes->chars(), bytes->size());
  CHECK(text.find(std::string_view(key->chars(), key->size())) == std::string_view::npos);
  // Nobody is asked in vain.
  CHECK(create_root_key(folder.url, person.ask()).error().code == Code::conflict);
  CHECK(person.prompts.size() == 2);
}

TEST_CASE("a passphrase's key is that of Argon2id, version 1.3, with one lane") {
  PassphraseFile file{64, 3, {}, {}};
  for (std::size_t i = 0; i < file.salt.size(); ++i) file.salt[i] = static_cast<std::byte>(i);
  const auto key = derive_passphrase_key(file, test::secret(passphrase));
  REQUIRE(key);
  Secret expected(key_bytes);  // from another implementation
  REQUIRE(argon2id_hash_raw(3, 64, 1, passphrase, std::strlen(passphrase), file.salt.data(),
                            file.salt.size(), expected.uchars(), expected.size()) == ARGON2_OK);
  CHECK(key->equals(expected));
}

TEST_CASE("a wrong passphrase is told, and by whom it came") {
  Folder folder;
  folder.write_quick();
  REQUIRE(folder.load(passphrase));
  const std::string wrong =
      GENERATE("correct horse batterx", "Correct horse battery", "correct horse battery ", "");
  const auto typed = folder.load(wrong.c_str());
  REQUIRE_FALSE(typed);
  CHECK(typed.error().code == Code::refused);
  CHECK(typed.error().message.find("passphrase is wrong") != std::string::npos);
  const std::string credentials = folder.directory / "credentials";
  REQUIRE(mkdir(credentials.c_str(), 0700) == 0);
  write(credentials + "/root.passphrase", "a wrong passphrase", 0400);
  const test::Environment set("CREDENTIALS_DIRECTORY", credentials.c_str());
  CHECK(load_root_key(folder.url).error().code == Code::configuration);
}

TEST_CASE("a passphrase in a credential is taken before anybody is asked") {
  Folder folder;
  folder.write_quick();
  const std::string credentials = folder.directory / "credentials";
  REQUIRE(mkdir(credentials.c_str(), 0700) == 0);
  const test::Environment set("CREDENTIALS_DIRECTORY", credentials.c_str());
  Person person{{passphrase}, {}};
  SECTION("the newline at its end is no part of it") {
    write(credentials + "/root.passphrase", std::string(passphrase) + GENERATE("", "\n"), 0440);
    CHECK(load_root_key(folder.url, person.ask()));
    CHECK(person.prompts.empty());
  }
  SECTION("two newlines are one too many") {
    write(credentials + "/root.passphrase", std::string(passphrase) + "\n\n", 0400);
    CHECK(load_root_key(folder.url).error().code == Code::configuration);
  }
  SECTION("without one of that name somebody is asked") {
    write(credentials + "/another", passphrase, 0400);
    CHECK(load_root_key(folder.url, person.ask()));
    CHECK(person.prompts.size() == 1);
  }
  SECTION("one that is no file is an error, not a question") {
    REQUIRE(mkdir((credentials + "/root.passphrase").c_str(), 0700) == 0);
    CHECK(load_root_key(folder.url, person.ask()).error().code == Code::configuration);
    CHECK(person.prompts.empty());
  }
  SECTION("it is not asked for a second time on creation") {
    write(credentials + "/root.passphrase", std::string(passphrase) + "\n", 0400);
    std::filesystem::remove(folder.path);
    REQUIRE(create_root_key(folder.url, person.ask()));
    CHECK(load_root_key(folder.url));
    CHECK(person.prompts.empty());
  }
}

TEST_CASE("a bad new passphrase is refused and creates nothing") {
  Folder folder;
  Person person;
  SECTION("too short") { person.answers = {"elevenbytes", "elevenbytes"}; }
  SECTION("too long") { person.answers = {std::string(1025, 'p'), std::string(1025, 'p')}; }
  SECTION("not the same twice") { person.answers = {passphrase, "correct horse batterx"}; }
  CHECK(create_root_key(folder.url, person.ask()).error().code == Code::usage);
  CHECK(folder.files() == 0);
}

TEST_CASE("whoever cannot be asked is told how to give the passphrase") {
  Folder folder;
  const auto nobody =
      obtain({"passphrase", "root.passphrase", "Passphrase: ", "say it so"}, {}, nullptr);
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == Code::unavailable);
  CHECK(nobody.error().message.find("say it so") != std::string::npos);
}

TEST_CASE("what the person answers with an error is the error") {
  Folder folder;
  folder.write_quick();
  const auto loaded = load_root_key(folder.url, [](const std::string&) -> Expected<Secret> {
    return fail(Code::usage, "there is no terminal");
  });
  CHECK(loaded.error().code == Code::usage);
}

TEST_CASE("a program is asked without a shell, and its line is the passphrase") {
  Folder folder;
  const std::string program = folder.directory / "asker";
  const auto run = [&](const std::string& script) {
    write(program, "#!/bin/sh\n" + script + "\n", 0700);
    return ask_by_program(program.c_str(), "Say $(it) 'now': ");
  };
  SECTION("the prompt arrives as it is, and nothing else does") {
    const auto answer = run("printf '%s|%s|%s\\n' \"$1\" \"$#\" \"$(/usr/bin/env | wc -l)\"");
    REQUIRE(answer);
    const std::string_view text(answer->chars(), answer->size());
    CHECK(text.substr(0, text.rfind('|')) == "Say $(it) 'now':|1");
  }
  SECTION("it sees none of this program's descriptors") {
    const Descriptor open_by_a_host(dup(STDERR_FILENO));
    const auto answer = run("[ -e /proc/self/fd/" + std::to_string(open_by_a_host.get()) +
                            " ] && echo seen || echo unseen");
    REQUIRE(answer);
    CHECK(answer->equals(test::secret("unseen")));
  }
  SECTION("1,024 bytes are taken") {
    const auto answer = run("printf '%01024d\\n' 7");
    REQUIRE(answer);
    CHECK(answer->size() == 1024);
  }
  SECTION("more are not") { CHECK(run("printf '%01025d\\n' 7").error().code == Code::unavailable); }
  SECTION("nor is a flood") { CHECK(run("exec cat /dev/zero").error().code == Code::unavailable); }
  SECTION("nor a line that was cut off") {
    CHECK(run("printf half").error().code == Code::unavailable);
  }
  SECTION("nor what a program wrote that failed") {
    CHECK(run("echo line; exit 1").error().code == Code::unavailable);
  }
  SECTION("nor nothing") {
    CHECK(run("exit 0").error().code == Code::unavailable);
    CHECK(run("echo").error().code == Code::unavailable);
  }
  SECTION("a program that is not there is unavailable") {
    CHECK(ask_by_program("/nonexistent/asker", "?").error().code == Code::unavailable);
  }
}

TEST_CASE("a passphrase from a program that is wrong is no typing error") {
  Folder folder;
  const std::string program = folder.directory / "asker";
  write(program, "#!/bin/sh\necho from a program\n", 0700);
  const auto answer =
      obtain({"passphrase", "root.passphrase", "Passphrase: ", ""}, {}, program.c_str());
  REQUIRE(answer);
  CHECK(answer->from == From::program);
  CHECK(answer->secret.equals(test::secret("from a program")));
}

TEST_CASE("a passphrase file that was altered is refused") {
  Folder folder;
  folder.write_quick();
  std::ifstream in(folder.path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  const auto parsed = [](const std::string& bytes) {
    return parse_passphrase_file(std::as_bytes(std::span(bytes)));
  };
  REQUIRE(parsed(good));
  SECTION("any bit, by the check value or before") {
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      const auto file = parsed(bad);
      if (!file) continue;
      if (file->memory_kib > 1024) continue;  // would only take longer
      const auto key = derive_passphrase_key(*file, test::secret(passphrase));
      REQUIRE(key);
      INFO("bit " << bit);
      CHECK(check_of(*file, *key) != file->check);
    }
  }
  SECTION("any other length") {
    for (std::size_t length = 0; length < good.size(); ++length)
      CHECK_FALSE(parsed(good.substr(0, length)));
    CHECK_FALSE(parsed(good + '\0'));
  }
  SECTION("a cost out of bounds") {
    const auto with = [&](std::uint32_t memory_kib, std::uint8_t passes) {
      const auto bytes = bytes_of(PassphraseFile{memory_kib, passes, {}, {}});
      return static_cast<bool>(parse_passphrase_file(bytes));
    };
    CHECK(with(8, 1));
    CHECK(with(1024 * 1024, 10));
    CHECK_FALSE(with(7, 1));
    CHECK_FALSE(with(1024 * 1024 + 1, 1));
    CHECK_FALSE(with(0xffffffff, 1));
    CHECK_FALSE(with(8, 0));
    CHECK_FALSE(with(8, 11));
  }
}

TEST_CASE("a group may read a passphrase file, and nobody else") {
  Folder folder;
  folder.write_quick();
  REQUIRE(chmod(folder.path.c_str(), 0440) == 0);
  CHECK(folder.load(passphrase));
  const mode_t mode = GENERATE(0404, 0420, 0444, 0460, 0644);
  REQUIRE(chmod(folder.path.c_str(), mode) == 0);
  CHECK(folder.load(passphrase).error().code == Code::configuration);
}

TEST_CASE("what is no passphrase file is refused") {
  Folder folder;
  SECTION("a key in its place") { REQUIRE(create_root_key("file:" + folder.path)); }
  SECTION("other bytes of its length") { write(folder.path, std::string(62, 'p'), 0400); }
  CHECK(folder.load(passphrase).error().code == Code::configuration);
}

TEST_CASE("a missing passphrase file is unavailable, and nobody is asked") {
  Folder folder;
  Person person;
  CHECK(load_root_key(folder.url, person.ask()).error().code == Code::unavailable);
  CHECK(person.prompts.empty());
}
