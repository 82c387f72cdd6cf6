#include "base/translate.hpp"

#include <array>
#include <clocale>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <libintl.h>
#include <unistd.h>

namespace cred {
namespace {

// The process's own language, by its locale.
constexpr const char* usual_domain = "libcred";
// Has no catalog.
constexpr const char* english_domain = "libcred-en";

thread_local std::string spoken;

const char* domain() { return spoken.empty() ? usual_domain : spoken.c_str(); }

bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

// DESTDIR and build trees keep the layout but not the prefix.
std::string beside_program() {
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return {};
  const std::string program(path.data(), static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/')) + "/../share/locale";
}

const std::string& catalogs() {
  static const std::string directory = [] {
    const std::string beside = beside_program();
    return exists(beside + "/de/LC_MESSAGES/libcred.mo") ? beside : std::string(CRED_LOCALE_DIR);
  }();
  return directory;
}

void bind(const char* name) {
  (void)bindtextdomain(name, catalogs().c_str());
  (void)bind_textdomain_codeset(name, "UTF-8");
}

// The domain of a language such as "de_DE.UTF-8" or "de"; empty: there is none.
std::string domain_of(std::string_view language) {
  language = language.substr(0, language.find_first_of(".@"));
  for (;;) {
    if (language.empty() || language.find('/') != language.npos) return {};
    if (language == "en" || language == "C" || language == "POSIX") return english_domain;
    std::string name = "libcred-" + std::string(language);
    if (exists(catalogs() + "/C/LC_MESSAGES/" + name + ".mo")) return name;
    const auto territory = language.find('_');
    if (territory == language.npos) return {};
    language = language.substr(0, territory);
  }
}

}  // namespace

void find_catalogs() { bind(usual_domain); }

void prepare_to_speak() {
  // gettext takes a thread's language from the process alone. So each language has a
  // domain of its own, whose catalog lies where the locale C.UTF-8 is looked for.
  (void)setlocale(LC_MESSAGES, "C.UTF-8");
  (void)unsetenv("LANGUAGE");
}

void speak(std::string_view languages) {
  spoken = english_domain;
  while (!languages.empty()) {
    const auto end = languages.find(':');
    if (const auto found = domain_of(languages.substr(0, end)); !found.empty()) {
      spoken = found;
      break;
    }
    languages = end == languages.npos ? std::string_view() : languages.substr(end + 1);
  }
  bind(spoken.c_str());
}

const char* tr(const char* english) { return dgettext(domain(), english); }

const char* trn(const char* one, const char* several, unsigned long n) {
  return dngettext(domain(), one, several, n);
}

std::string format(const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  if (!text.empty()) (void)std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

std::string counted(const Counted& sentence, unsigned n, unsigned more) {
  return format(trn(sentence.one, sentence.several, n), n, more);
}

}  // namespace cred
