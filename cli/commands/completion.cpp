#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

namespace cred::cli {
namespace {

// A command of the program, by the words that lead to it.
struct Place {
  std::string path;  // "user add"; the program's own is empty
  const CLI::App* command;
};

void collect(const CLI::App& command, const std::string& path, std::vector<Place>& places) {
  places.push_back({path, &command});
  for (const auto* inner : command.get_subcommands({}))
    if (!inner->get_group().empty())
      collect(*inner, path.empty() ? inner->get_name() : path + " " + inner->get_name(), places);
}

// In single quotes for a shell.
std::string quoted(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

bool takes_file(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type == "FILE" || type == "DIRECTORY";
}

// Calls `take` with each long option, and each of the program's.
void each_option(const CLI::App& command,
                 const std::function<void(const CLI::Option&, const std::string&)>& take) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent())
    for (const auto* option : app->get_options()) {
      if (app != &command && option->get_lnames() == std::vector<std::string>{"help"}) continue;
      for (const auto& name : option->get_lnames()) take(*option, "--" + name);
    }
}

// A list of "word:what it is", as zsh's _describe takes it; bash cuts it at the colon.
std::string words_of(const CLI::App& command) {
  std::string words;
  const auto add = [&](const std::string& word, std::string about) {
    if (const auto line = about.find('\n'); line != std::string::npos) about.resize(line);
    words += " " + quoted(word + ":" + about);
  };
  for (const auto* inner : command.get_subcommands({}))
    if (!inner->get_group().empty()) add(inner->get_name(), inner->get_description());
  each_option(command, [&](const CLI::Option& option, const std::string& name) {
    add(name, option.get_description());
  });
  return words;
}

// What is typed after an option with a value, or as an argument that names a file.
std::string values_of(const CLI::App& command) {
  std::string files;
  std::string others;
  each_option(command, [&](const CLI::Option& option, const std::string& name) {
    if (option.get_items_expected_max() == 0) return;
    std::string& list = takes_file(option) ? files : others;
    list += (list.empty() ? "" : "|") + name;
  });
  std::string cases;
  if (!files.empty()) cases += "      " + files + ") kind=file ;;\n";
  if (!others.empty()) cases += "      " + others + ") kind=value ;;\n";
  return cases;
}

bool names_a_file(const CLI::App& command) {
  const auto options = command.get_options();
  return std::any_of(options.begin(), options.end(), [](const CLI::Option* option) {
    return option->get_positional() && takes_file(*option);
  });
}

// Both shells: sets `path`, `offers`, `kind` (word, value, file) and `files`.
std::string body(const CLI::App& program) {
  std::vector<Place> places;
  collect(program, "", places);
  std::string commands;
  std::string answers;
  for (const auto& [path, command] : places) {
    if (!path.empty()) commands += (commands.empty() ? "" : "|") + quoted(path);
    answers += "    " + quoted(path) + ")\n      offers=(" + words_of(*command) + " )\n" +
               (names_a_file(*command) ? "      files=yes\n" : "");
    if (const auto values = values_of(*command); !values.empty())
      answers += "      case \"$before\" in\n" + values + "      esac\n";
    answers += "      ;;\n";
  }
  return "  local path= kind=word files= word\n"
         "  local -a offers\n"
         "  for word in \"${typed[@]}\"; do\n"
         "    case \"${path:+$path }$word\" in\n"
         "      " +
         commands +
         ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         answers + "  esac\n";
}

std::string for_bash(const CLI::App& program) {
  return "# bash completion for credctl; made by: credctl completion bash\n"
         "_credctl() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local -a typed=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n" +
         body(program) +
         "  COMPREPLY=()\n"
         "  if [ \"$kind\" = word ]; then\n"
         "    COMPREPLY=($(compgen -W \"${offers[*]%%:*}\" -- \"$current\"))\n"
         "  fi\n"
         "  if [ \"$kind\" = file ] || { [ \"$kind$files\" = wordyes ] && "
         "[ \"${current#-}\" = \"$current\" ]; }; then\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    local IFS=$'\\n'\n"
         "    COMPREPLY+=($(compgen -f -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -F _credctl credctl\n";
}

std::string for_zsh(const CLI::App& program) {
  return "#compdef credctl\n"
         "# Made by: credctl completion zsh\n"
         "_credctl() {\n"
         "  local before=\"${words[CURRENT-1]}\"\n"
         "  local -a typed=(\"${(@)words[2,CURRENT-1]}\")\n" +
         body(program) +
         "  [[ $kind == word ]] && _describe credctl offers\n"
         "  [[ $kind == file || $kind$files == wordyes ]] && _files\n"
         "}\n"
         "_credctl \"$@\"\n";
}

}  // namespace

void add_completion(CLI::App& program, const Session&, Action& action) {
  auto* command = program.add_subcommand("completion", "Print what completes commands in a shell");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("");
  command->footer(
      "Example: credctl completion bash >/usr/share/bash-completion/completions/credctl\n"
      "zsh: credctl completion zsh >/usr/share/zsh/vendor-completions/_credctl");
  command->callback([&program, &action, shell] {
    action = [&program, shell] {
      const std::string script = *shell == "bash" ? for_bash(program) : for_zsh(program);
      return std::fputs(script.c_str(), stdout) >= 0 && std::fflush(stdout) == 0
                 ? 0
                 : static_cast<int>(Code::unavailable);
    };
  });
}

}  // namespace cred::cli
