#include "cli/commands/commands.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "engine/units.hpp"
#include "policy/breach_builder.hpp"
#include "policy/breach_corpus.hpp"
#include "policy/breach_source.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

std::string rate_text(double rate) {
  char text[64];
  std::snprintf(text, sizeof text, "1 in %.0f", rate > 0 ? 1 / rate : 0);
  return text;
}

int describe(const Session& session, const std::string& path, const policy::BreachCorpus& corpus) {
  const auto created = engine::print_time(corpus.created());
  const std::string text = table({{"Corpus:", path},
                                  {"Passwords:", std::to_string(corpus.entries())},
                                  {"Built:", created},
                                  {"False positives:", rate_text(corpus.false_positive_rate())},
                                  {"Bytes:", std::to_string(corpus.bytes())}},
                                 "");
  return session.finish(Code::accepted, text.substr(0, text.size() - 1),
                        {{"file", path},
                         {"version", policy::breach::version},
                         {"entries", corpus.entries()},
                         {"created", created},
                         {"false_positive_rate", corpus.false_positive_rate()},
                         {"bytes", corpus.bytes()}});
}

// The path given, or the one of the realm's policy.
Expected<std::string> path_or_configured(const Session& session, const std::string& path) {
  if (!path.empty()) return path;
  const auto configuration = session.configuration();
  if (!configuration) return tl::make_unexpected(configuration.error());
  const auto& configured = configuration->policy_of(session.realm_name).options.breach;
  if (configured.empty())
    return fail(Code::usage, "the policy of realm " + session.realm_name +
                                 " names no corpus (breach = \"/path\"); give a path");
  return configured;
}

int build(const Session& session, const std::string& from, const std::string& to) {
  const auto output = path_or_configured(session, to);
  if (!output) return session.fail(output.error());
  try {
    policy::BreachSource source(from);
    policy::BreachBuilder builder(*output);
    {
      Progress progress("Reading", "hashes");
      constexpr std::uint64_t look_every = 65536;
      std::uint64_t prefix = 0;
      for (std::uint64_t count = 0; source.next(prefix);) {
        builder.add(prefix);
        if (++count % look_every == 0) progress.update(count, source.position(), source.size());
      }
    }
    Progress progress("Writing", "hashes");
    (void)builder.finish(SystemClock().now(), [&](std::uint64_t done, std::uint64_t total) {
      progress.update(done, done, total);
    });
  } catch (const Failure& failure) {
    return session.fail(failure.error());
  }
  const auto corpus = policy::BreachCorpus::open(*output);
  if (!corpus) return session.fail(corpus.error());
  return describe(session, *output, *corpus);
}

int info(const Session& session, const std::string& path) {
  const auto file = path_or_configured(session, path);
  if (!file) return session.fail(file.error());
  const auto corpus = policy::BreachCorpus::open(*file);
  if (!corpus) return session.fail(corpus.error());
  Progress progress("Checking", "bytes");
  const auto intact = corpus->verify(
      [&](std::uint64_t done, std::uint64_t total) { progress.update(done, done, total); });
  if (!intact) return session.fail(intact.error());
  return describe(session, *file, *corpus);
}

}  // namespace

void add_breach(CLI::App& program, const Session& session, Action& action) {
  auto* breach = program.add_subcommand("breach", "The corpus of passwords known from leaks");
  breach->require_subcommand(1);
  breach->footer("Example: credctl breach info");

  auto* building = breach->add_subcommand(
      "build", "Build a corpus from lines SHA1-HEX:COUNT, plain or gzip, in any order");
  auto source = std::make_shared<std::string>("-");
  auto output = std::make_shared<std::string>();
  building->add_option("SOURCE", *source, "A file, or - for standard input, the default");
  building->add_option("OUTPUT,--output", *output, "The corpus; unless given, the configured one")
      ->type_name("FILE");
  building->footer(
      "Example: credctl breach build pwned-passwords-sha1.txt.gz --output "
      "/var/lib/cred/breach.cred\n"
      "Needs 8 bytes of disk for each hash beside the output while it works, and 4 after that;\n"
      "about 140 MiB of memory, however many there are.");
  building->callback([&session, &action, source, output] {
    action = [&session, source, output] { return build(session, *source, *output); };
  });

  auto* showing = breach->add_subcommand(
      "info", "How many passwords, from when, and how often it is wrong; checks every byte");
  auto path = std::make_shared<std::string>();
  showing->add_option("FILE", *path, "The corpus; unless given, the configured one");
  showing->footer("Example: credctl breach info /var/lib/cred/breach.cred --json");
  showing->callback(
      [&session, &action, path] { action = [&session, path] { return info(session, *path); }; });
}

}  // namespace cred::cli
