#include "cli/commands/commands.hpp"
#include "cli/progress.hpp"
#include "engine/units.hpp"
#include "hash/argon2id.hpp"
#include "hash/calibration.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

namespace cred::cli {
namespace {

struct Wishes {
  std::string time = "250ms";
  std::string memory;
  std::uint32_t logins = 4;
};

// A card with the fastest memory of today, taken to do nothing but move blocks.
constexpr double attackers_bytes_per_second = 1e12;
constexpr double seconds_per_year = 365.25 * 24 * 3600;
// Threat model: 8 random letters and digits, and a word of 100,000 with one of 10,000 affixes.
constexpr double random_passwords = 62.0 * 62 * 62 * 62 * 62 * 62 * 62 * 62;
constexpr double words_with_affix = 100'000.0 * 10'000;

// Hashes that run at once as they do when logins come at once: one on each core at most. The
// slowest of them counts, and of three turns the middle one.
class Bench {
 public:
  explicit Bench(std::size_t at_once) : arenas_(at_once) {}

  Expected<double> seconds(const hash::Parameters& parameters) {
    std::array<double, 3> turns{};
    if (const auto warm = turn(parameters); !warm) return warm;
    for (double& took : turns) {
      const auto measured = turn(parameters);
      if (!measured) return measured;
      took = *measured;
      progress_.update(++hashes_, 0, 0);
    }
    std::ranges::sort(turns);
    return turns[1];
  }

 private:
  Expected<double> turn(const hash::Parameters& parameters) {
    std::vector<Expected<void>> results(arenas_.size());
    const auto start = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < arenas_.size(); ++i)
        threads.emplace_back([&, i] {
          const std::array<std::byte, 16> nothing{};
          std::array<std::byte, hash::tag_bytes> tag{};
          results[i] = hash::argon2id(nothing, nothing, parameters, arenas_[i], tag);
        });
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    for (const auto& result : results)
      if (!result) return tl::make_unexpected(result.error());
    return took.count();
  }

  std::vector<hash::Arena> arenas_;
  Progress progress_{"Measuring", "turns"};
  std::uint64_t hashes_ = 0;
};

std::string mebibytes(std::uint64_t kib) { return std::to_string(kib / 1024) + " MiB"; }

// "12 years", "3 hours": of the largest unit that there are two of.
std::string in_words(double seconds) {
  struct Unit {
    double seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> units{
      {{seconds_per_year, "years"}, {24 * 3600, "days"}, {3600, "hours"}, {60, "minutes"}}};
  for (const auto& unit : units)
    if (seconds >= 2 * unit.seconds)
      return std::to_string(std::llround(seconds / unit.seconds)) + " " + unit.name;
  return std::to_string(std::llround(seconds)) + " seconds";
}

int calibrate(const Session& session, const Wishes& wishes) {
  const auto time = engine::parse_duration(wishes.time);
  if (!time || time->count() <= 0)
    return session.fail({Code::usage, "--time is no time: write 250ms or 1s"});
  const auto configuration = session.configured();
  if (!configuration) return session.fail(configuration.error());
  std::uint32_t budget = configuration->memory_budget;
  if (!wishes.memory.empty()) {
    const auto given = engine::parse_kib(wishes.memory);
    if (!given) return session.fail({Code::usage, "--memory is no size: write 256 MiB"});
    budget = *given;
  }
  const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::uint32_t at_once = std::min(wishes.logins, cores);
  // Logins beyond the cores wait for those before them.
  const std::uint32_t turns = (wishes.logins + cores - 1) / cores;
  const double wished = std::chrono::duration<double>(*time).count();

  std::optional<Bench> bench(std::in_place, at_once);
  const auto found =
      hash::calibrate(wished / turns, budget / at_once, [&](const hash::Parameters& parameters) {
        return bench->seconds(parameters);
      });
  if (!found) return session.fail(found.error());
  bench.emplace(1);
  const auto alone = bench->seconds(found->parameters);
  bench.reset();
  if (!alone) return session.fail(alone.error());

  const auto& p = found->parameters;
  const double longest = found->seconds * turns;
  const double guesses = attackers_bytes_per_second / hash::memory_traffic(p);
  const std::uint64_t needed = std::uint64_t{p.memory} * at_once;
  const auto whole = [](double number) { return std::to_string(std::llround(number)); };
  const std::string text =
      "# Measured on " + std::to_string(cores) + " cores: " + whole(*alone * 1000) +
      " ms for a login alone, " + whole(longest * 1000) + " ms for each of " +
      std::to_string(wishes.logins) + " at once,\n# " + whole(at_once / found->seconds) +
      " logins a second, " + mebibytes(needed) + " of memory.\n" +
      "# Whoever has the store and the key makes at most " + whole(guesses) +
      " guesses a second on a card that\n# moves 1 TB/s. On average that takes " +
      in_words(random_passwords / 2 / guesses) + " for 8 random letters and digits,\n# " +
      in_words(words_with_affix / 2 / guesses) +
      " for one of 100,000 words with one of 10,000 endings. (Computed.)\n" +
      "[hash]\nmemory = \"" + mebibytes(p.memory) + "\"\npasses = " + std::to_string(p.passes) +
      "\nlanes = " + std::to_string(p.lanes) + "\n\n[broker]\nmemory_budget = \"" +
      mebibytes(needed) + "\"";
  const nlohmann::json details{{"memory_kib", p.memory},
                               {"passes", p.passes},
                               {"lanes", p.lanes},
                               {"memory_budget_kib", needed},
                               {"cores", cores},
                               {"logins", wishes.logins},
                               {"seconds_alone", *alone},
                               {"seconds_at_once", longest},
                               {"logins_per_second", at_once / found->seconds},
                               {"attacker",
                                {{"guesses_per_second", guesses},
                                 {"seconds_for_8_random", random_passwords / 2 / guesses},
                                 {"seconds_for_word_with_affix", words_with_affix / 2 / guesses}}}};
  return session.finish(Code::accepted, text, details);
}

}  // namespace

void add_calibrate(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "calibrate", "Argon2id parameters for this machine, as lines of the configuration");
  auto wishes = std::make_shared<Wishes>();
  command->add_option("--time", wishes->time, "How long a login may take; 250ms")
      ->type_name("TIME");
  command->add_option("--memory", wishes->memory, "For all hashes at once; memory_budget, 256 MiB")
      ->type_name("SIZE");
  command->add_option("--logins", wishes->logins, "How many may come at once; 4")
      ->type_name("N")
      ->check(CLI::Range(1, 10000));
  command->footer(
      "Example: credctl calibrate --time 500ms --logins 8 >/etc/cred/cred.conf.d/hash.conf\n"
      "It uses all cores for some seconds. Passwords that are there are hashed anew, with the new\n"
      "parameters, at the next login of each.");
  command->callback([&session, &action, wishes] {
    action = [&session, wishes] { return calibrate(session, *wishes); };
  });
}

}  // namespace cred::cli
