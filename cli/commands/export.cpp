#include "cli/commands/commands.hpp"
#include "cli/new_file.hpp"
#include "cli/terminal.hpp"
#include "engine/units.hpp"
#include "hash/foreign.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sodium.h>

namespace cred::cli {
namespace {

enum class Form : std::uint8_t { phc, json, ldif };

struct Request {
  Form form = Form::phc;
  std::string output;
  std::string base = "ou=people";
  bool yes = false;
};

struct NotWritten {
  std::string account;
  std::string why;
};

std::string base64(const std::string& text) {
  std::string encoded(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();  // libsodium terminates it
  return encoded;
}

// One attribute. RFC 2849: folded, and in base64 unless it is plain.
std::string attribute(const std::string& name, const std::string& value) {
  constexpr std::size_t width = 76;
  const bool plain =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f; }) &&
      !value.empty() && value.front() != ' ' && value.front() != ':' && value.front() != '<' &&
      value.back() != ' ';
  std::string line = name + (plain ? ": " + value : ":: " + base64(value));
  for (std::size_t at = width; at < line.size(); at += width + 1) line.insert(at, "\n ");
  return line + "\n";
}

// RFC 4514 §2.4.
std::string escaped(const std::string& value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool leading = i == 0 && (c == ' ' || c == '#');
    const bool trailing = i + 1 == value.size() && c == ' ';
    if (leading || trailing || std::strchr(",+\"\\<>;=", c) != nullptr) text += '\\';
    text += c;
  }
  return text;
}

std::string ldif_time(Time time) {
  std::string text = engine::print_time(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
  return text;
}

std::string ldif_of(const engine::ExportedCredential& account, const std::string& base) {
  const std::string& full =
      account.profile.full_name.empty() ? account.name : account.profile.full_name;
  std::string text = attribute("dn", "uid=" + escaped(account.name) + "," + base);
  text += attribute("objectClass", "inetOrgPerson") + attribute("uid", account.name) +
          attribute("cn", full) + attribute("sn", full.substr(full.rfind(' ') + 1));
  if (!account.profile.email.empty()) text += attribute("mail", account.profile.email);
  if (!account.profile.phone.empty()) text += attribute("telephoneNumber", account.profile.phone);
  text += attribute("userPassword", "{ARGON2}" + hash::encode_phc(account.verifier)) +
          attribute("pwdChangedTime", ldif_time(account.set_at));
  if (account.must_change) text += attribute("pwdReset", "TRUE");
  // Without an end; draft-behera-ldap-password-policy.
  if (account.state != engine::State::active)
    text += attribute("pwdAccountLockedTime", "000001010000Z");
  return text + "\n";
}

nlohmann::json json_of(const engine::ExportedCredential& account) {
  const auto& recipe = account.verifier.recipe;
  return {{"account", account.name},
          {"hash", hash::encode_phc(account.verifier)},
          {"recipe", recipe.empty() ? nlohmann::json() : nlohmann::json(recipe)},
          {"set", engine::print_time(account.set_at)},
          {"state", account.state == engine::State::active   ? "active"
                    : account.state == engine::State::locked ? "locked"
                                                             : "disabled"},
          {"must_change", account.must_change},
          {"profile",
           {{"full_name", account.profile.full_name},
            {"email", account.profile.email},
            {"birth_date", account.profile.birth_date},
            {"phone", account.profile.phone},
            {"attributes", account.profile.attributes}}}};
}

// Why another system would take this account wrongly, or not at all; empty: it would not.
std::string obstacle(const engine::ExportedCredential& account, Form form) {
  if (form == Form::json) return {};
  if (const auto& recipe = account.verifier.recipe; !recipe.empty())
    return "its owner has not logged in since it was imported: what is stored is Argon2id over " +
           std::string(hash::scheme_of(recipe)) + ", which no other system reads";
  if (account.one_time) return "its password is for one login";
  if (form == Form::phc && account.state != engine::State::active)
    return "it is locked or disabled, which a PHC string does not tell";
  if (form == Form::phc && account.must_change)
    return "its password has to be changed, which a PHC string does not tell";
  return {};
}

std::string text_of(const engine::ExportedCredential& account, const Request& request) {
  switch (request.form) {
    case Form::phc: return account.name + ":" + hash::encode_phc(account.verifier) + "\n";
    case Form::ldif: return ldif_of(account, request.base);
    case Form::json: break;
  }
  return json_of(account).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

const char* word(Form form) {
  return form == Form::phc ? "phc" : form == Form::ldif ? "ldif" : "json";
}

int export_to(const Session& session, const Request& request) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (!request.yes)
    if (auto meant =
            confirm("This writes the hashes of all passwords of realm " + session.realm_name +
                    " to " + request.output + ", without the store's keys around them.");
        !meant)
      return session.fail(meant.error());
  NewFile file(request.output);
  if (!file.there())
    return session.fail({errno == EEXIST ? Code::conflict : Code::configuration,
                         "cannot make the file of --output: " + std::string(strerror(errno))});
  std::size_t written = 0;
  std::vector<NotWritten> left;
  bool full = false;
  const auto done = realm->export_credentials(
      std::string("the hashes of all passwords, as ") + word(request.form), session.actor(),
      [&](const engine::ExportedCredential& account) {
        if (auto why = obstacle(account, request.form); !why.empty()) {
          left.push_back({account.name, std::move(why)});
          return true;
        }
        full = !file.write(text_of(account, request));
        ++written;
        return !full;
      });
  if (!done) return session.fail(done.error());
  if (full || !file.keep())
    return session.fail(
        {Code::unavailable, "cannot write the file of --output: " + std::string(strerror(errno))});
  std::string text = "Wrote " + std::to_string(written) +
                     (written == 1 ? " account" : " accounts") + " to " + request.output + ".";
  auto list = nlohmann::json::array();
  for (const auto& account : left) {
    text += "\n  " + account.account + " was left out: " + account.why;
    list.push_back({{"account", account.account}, {"why", account.why}});
  }
  return session.finish(Code::accepted, text,
                        {{"exported", written}, {"output", request.output}, {"left_out", list}});
}

}  // namespace

void add_export(CLI::App& program, const Session& session, Action& action) {
  auto* exporting = program.add_subcommand(
      "export", "Write the hashes of all passwords to a file, for another system");
  exporting->require_subcommand(1);
  exporting->footer(
      "Example: credctl export phc --output hashes.txt --realm shop\n"
      "The file is new and for its owner alone. Whoever reads it can guess at the passwords.");
  struct Kind {
    Form form;
    const char* help;
  };
  for (const Kind& kind : {Kind{Form::phc, "Lines NAME:HASH with PHC strings"},
                           Kind{Form::json, "An object in each line, with ages, states, profiles"},
                           Kind{Form::ldif, "People for a directory that knows {ARGON2}"}}) {
    auto* command = exporting->add_subcommand(word(kind.form), kind.help);
    auto request = std::make_shared<Request>();
    request->form = kind.form;
    command->add_option("--output", request->output, "A new file, for its owner alone to read")
        ->required()
        ->type_name("FILE");
    if (kind.form == Form::ldif)
      command->add_option("--base", request->base, "Below which they stand; ou=people unless given")
          ->type_name("DN");
    command->add_flag("--yes", request->yes, "Do not ask");
    command->footer(std::string("Example: credctl export ") + word(kind.form) +
                    " --output accounts." + (kind.form == Form::phc ? "txt" : word(kind.form)) +
                    " --yes");
    command->callback([&session, &action, request] {
      action = [&session, request] { return export_to(session, *request); };
    });
  }
}

}  // namespace cred::cli
