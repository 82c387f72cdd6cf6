#include "policy/breach_corpus.hpp"

#include "policy/breach_builder.hpp"
#include "policy/breach_source.hpp"
#include "policy/policy.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <random>
#include <zlib.h>

using namespace cred;
using namespace cred::test;
using policy::BreachBuilder;
using policy::BreachCorpus;

namespace {

constexpr Time built{Duration(1'700'000'000'000)};

std::vector<std::uint64_t> numbers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(count);
  for (auto& value : values) value = random();
  return values;
}

std::uint64_t build(const std::string& path, const std::vector<std::uint64_t>& values,
                    std::size_t run = 1U << 16U) {
  BreachBuilder builder(path, run);
  for (const auto value : values) builder.add(value);
  return builder.finish(built);
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// What somebody meets who looks every value up.
std::optional<Error> trouble(const std::string& path, const std::vector<std::uint64_t>& values) {
  const auto corpus = BreachCorpus::open(path);
  if (!corpus) return corpus.error();
  for (const auto value : values)
    if (const auto found = corpus->contains(value); !found) return found.error();
  return std::nullopt;
}

std::vector<std::uint64_t> read_all(const std::string& path) {
  policy::BreachSource source(path);
  std::vector<std::uint64_t> found;
  std::uint64_t prefix = 0;
  while (source.next(prefix)) found.push_back(prefix);
  return found;
}

// SHA-1 of "password" (FIPS 180-4; any sha1sum says the same).
const std::string password_line = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365";

}  // namespace

TEST_CASE("a corpus finds each of its passwords, in whatever order and runs they came") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  const std::size_t count = GENERATE(1U, 2U, 63U, 64U, 65U, 1000U, 50'000U);
  const std::size_t run = GENERATE(7U, 1024U, 1U << 20U);
  if (count / run > 2000) return;  // so many runs add nothing
  const auto values = numbers(count, count);
  REQUIRE(build(path, values, run) == count);
  const auto corpus = BreachCorpus::open(path);
  REQUIRE(corpus);
  CHECK(corpus->entries() == count);
  CHECK(corpus->created() == built);
  CHECK(corpus->verify());
  std::size_t found = 0;
  for (const auto value : values) found += corpus->contains(value).value() ? 1 : 0;
  CHECK(found == count);
}

TEST_CASE("the smallest and the largest hash are found") {
  TemporaryDirectory directory;
  auto values = numbers(5000, 1);
  values.push_back(0);
  values.push_back(~std::uint64_t{0});
  build(directory / "corpus", values);
  const auto corpus = BreachCorpus::open(directory / "corpus");
  CHECK(corpus->contains(0).value());
  CHECK(corpus->contains(~std::uint64_t{0}).value());
}

TEST_CASE("what comes twice, in one run or in two, is there once") {
  TemporaryDirectory directory;
  auto values = numbers(1000, 2);
  const auto again = values;
  values.insert(values.end(), again.begin(), again.end());
  CHECK(build(directory / "corpus", values, 100) == 1000);
  CHECK(build(directory / "corpus", values, 10'000) == 1000);
}

TEST_CASE("of two hundred thousand other passwords none is taken for a member") {
  TemporaryDirectory directory;
  build(directory / "corpus", numbers(100'000, 3));
  const auto corpus = BreachCorpus::open(directory / "corpus");
  // At most 64 / 2^32 each, so one at all is expected in three hundred such runs.
  CHECK(corpus->false_positive_rate() <= 1e-7);
  std::size_t found = 0;
  for (const auto value : numbers(200'000, 4)) found += corpus->contains(value).value() ? 1 : 0;
  CHECK(found <= 1);
}

TEST_CASE("a flipped bit is found wherever it is, by look-up and by verify") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  const auto values = numbers(3000, 5);
  build(path, values);
  const auto whole = content(path);
  for (std::size_t at = 0; at < whole.size(); at += 397) {
    CAPTURE(at);
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    write(path, bytes);
    const auto met = trouble(path, values);
    REQUIRE(met);
    CHECK((met->code == Code::integrity || met->code == Code::unavailable));
    CHECK(met->message.find(path) != std::string::npos);
    if (const auto corpus = BreachCorpus::open(path)) CHECK_FALSE(corpus->verify());
  }
}

TEST_CASE("a corpus that is cut short, longer, foreign, newer or missing is refused by name") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  build(path, numbers(3000, 6));
  const auto whole = content(path);
  const auto refused = [&](const std::string& bytes) {
    write(path, bytes);
    const auto corpus = BreachCorpus::open(path);
    REQUIRE_FALSE(corpus);
    CHECK(corpus.error().message.find(path) != std::string::npos);
    return corpus.error();
  };
  CHECK(refused(whole.substr(0, whole.size() - 1)).code == Code::integrity);
  CHECK(refused(whole.substr(0, 5000)).code == Code::integrity);
  CHECK(refused(whole.substr(0, 100)).code == Code::integrity);
  CHECK(refused(whole + "x").code == Code::integrity);
  CHECK(refused("").code == Code::integrity);
  CHECK(refused(password_line).message.find("no corpus") != std::string::npos);
  auto newer = whole;
  newer[8] = 2;
  CHECK(refused(newer).code == Code::unavailable);
  std::filesystem::remove(path);
  CHECK(BreachCorpus::open(path).error().code == Code::configuration);
  std::filesystem::create_directory(path);
  CHECK(BreachCorpus::open(path).error().code == Code::configuration);
}

TEST_CASE("a newer corpus takes effect at once, and what goes wrong with it too") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  constexpr std::uint64_t one = 1ULL << 60U;
  constexpr std::uint64_t two = 2ULL << 60U;
  constexpr std::uint64_t three = 3ULL << 60U;
  build(path, {one});
  policy::BreachFile file(path);
  CHECK((*file.current())->contains(one).value());
  const auto before = *file.current();
  build(path, {two});
  CHECK((*file.current())->contains(two).value());
  CHECK_FALSE((*file.current())->contains(one).value());
  CHECK(before->contains(one).value());  // whoever still reads the old one may
  write(path, "no corpus");
  CHECK_FALSE(file.current());
  build(path, {three});
  CHECK((*file.current())->contains(three).value());
}

TEST_CASE("a corpus that is cut short while it is in use is an error, not a crash") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  const auto values = numbers(50'000, 7);
  build(path, values);
  const auto corpus = BreachCorpus::open(path);
  std::filesystem::resize_file(path, 4096);
  CHECK(corpus->contains(values[0]).error().code == Code::integrity);
}

TEST_CASE("a build that fails leaves the old corpus and nothing else") {
  TemporaryDirectory directory;
  const auto path = directory / "corpus";
  build(path, {1, 2, 3});
  const auto before = content(path);
  CHECK_THROWS_AS(BreachBuilder(path).finish(built), Failure);
  {
    BreachBuilder given_up(path, 4);
    for (std::uint64_t i = 0; i < 100; ++i) given_up.add(i);
  }
  CHECK(content(path) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(directory / ""), {}) == 1);
  CHECK_THROWS_AS(build(directory / "none/corpus", {1}), Failure);
}

TEST_CASE("lines are read plain and gzip, in either case, with and without count") {
  TemporaryDirectory directory;
  const std::string text = password_line + "\r\n\n" + "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd9\n" +
                           "0000000000000000000000000000000000000001:0\n" +
                           "00000000000000FF000000000000000000000000:1";
  const std::vector<std::uint64_t> expected{0x5BAA61E4C9B93F3F, 0x5BAA61E4C9B93F3F, 0xFF};
  write(directory / "plain", text);
  CHECK(read_all(directory / "plain") == expected);
  const gzFile gz = gzopen((directory / "gzip").c_str(), "wb");
  REQUIRE(gzwrite(gz, text.data(), static_cast<unsigned>(text.size())) > 0);
  REQUIRE(gzclose(gz) == Z_OK);
  CHECK(read_all(directory / "gzip") == expected);
  const auto zipped = content(directory / "gzip");
  write(directory / "cut", zipped.substr(0, zipped.size() - 6));
  CHECK_THROWS_AS(read_all(directory / "cut"), Failure);
}

TEST_CASE("a line that is none is named by its number") {
  TemporaryDirectory directory;
  for (const std::string& wrong :
       {std::string("hello"), password_line + "x", password_line.substr(1),
        "X" + password_line.substr(1), std::string("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:"),
        std::string(5'000'000, 'A')}) {
    write(directory / "lines", password_line + "\n" + wrong + "\n");
    try {
      (void)read_all(directory / "lines");
      FAIL("accepted");
    } catch (const Failure& failure) {
      CHECK(failure.error().message.find("lines:2: ") != std::string::npos);
      CHECK(failure.error().code == Code::usage);
    }
  }
}

TEST_CASE("a password of the corpus is refused, and known at a login") {
  TemporaryDirectory directory;
  auto options = *policy::preset("quarterly");
  options.breach = directory / "corpus";
  build(options.breach, {policy::breach_prefix(secret("Tanne-Wolkenberg17")).value()});
  const policy::Policy policy(options);
  const auto refusing = [&](std::string_view text) {
    std::vector<std::string> rules;
    for (const auto& verdict : policy.judge(secret(text), {}).verdicts)
      if (verdict.violation) rules.push_back(verdict.rule);
    return rules;
  };
  CHECK(refusing("Tanne-Wolkenberg17") == std::vector<std::string>{"breach"});
  CHECK(refusing("Distelfink+Zaun4").empty());
  CHECK(policy.breached(secret("Tanne-Wolkenberg17"))->value());
  CHECK_FALSE(policy.breached(secret("Distelfink+Zaun4"))->value());
  CHECK(policy::breach_prefix(secret("password")).value() == 0x5BAA61E4C9B93F3F);
  write(options.breach, "rubbish");
  CHECK(policy.judge(secret("Distelfink+Zaun4"), {}).data_failures.size() == 1);
  CHECK_FALSE(policy.breached(secret("Tanne-Wolkenberg17")));
}
