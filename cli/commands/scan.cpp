#include "base/file.hpp"
#include "cli/commands/commands.hpp"
#include "scan/read_message.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr std::size_t largest = std::size_t{32} * 1024 * 1024;

struct Wish {
  std::string name;
  std::string file = "-";
  std::string id;
  bool plain = false;
};

Expected<std::string> from_standard_input() {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return cred::fail(Code::unavailable,
                        std::string("cannot read standard input: ") + std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > largest) return cred::fail(Code::usage, "the message has more than 32 MiB");
  }
}

Expected<std::string> message_of(const std::string& file) {
  if (file == "-") return from_standard_input();
  auto text = read_file(file, largest);
  if (!text) return cred::fail(text.error().code, file + " " + text.error().message);
  return text;
}

int scan(const Session& session, const Wish& wish) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto message = message_of(wish.file);
  if (!message) return session.fail(message.error());
  const auto text = wish.plain ? message : scan::read_message(*message);
  if (!text) return session.fail(text.error());
  const std::string id = !wish.id.empty() ? wish.id
                         : wish.plain     ? "unnamed"
                                          : scan::message_id(*message, "unnamed");
  const auto found = realm->scan(wish.name, *text, id, session.actor());
  if (!found) return session.fail(found.error());
  const nlohmann::json details{{"found", found->found},
                               {"candidates", found->candidates},
                               {"tried", found->hashed},
                               {"limited", found->limited},
                               {"message_id", id}};
  if (found->limited && !found->found)
    session.warn("only " + std::to_string(found->hashed) + " of " +
                 std::to_string(found->candidates) + " words that could be a password were tried");
  const std::string said =
      found->found ? "The password of " + wish.name +
                         " stands in the message: it is marked as compromised, and has to be "
                         "changed."
                   : "The password of " + wish.name + " was not found.";
  return session.finish(found->found ? Code::refused : Code::accepted, said, details);
}

}  // namespace

void add_scan(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "scan", "Whether an account's own password stands in a message: a compromise if so");
  auto wish = std::make_shared<Wish>();
  command->add_option("NAME", wish->name, "The account")->required();
  command->add_option("FILE", wish->file, "The message; - or nothing: standard input");
  command->add_option("--id", wish->id, "What the trail calls the message; its Message-ID")
      ->type_name("ID");
  command->add_flag("--plain", wish->plain, "It is text as it stands, and no MIME");
  command->footer(
      "Example: credctl scan alice message.eml\n"
      "Exit: 0 not found, 1 found. At most 32 words are tried, and 2,000 in a day.");
  command->callback(
      [&session, &action, wish] { action = [&session, wish] { return scan(session, *wish); }; });
}

}  // namespace cred::cli
