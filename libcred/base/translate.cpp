#include "base/translate.hpp"

#include <array>
#include <clocale>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <libintl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cred {
namespace {
constexpr const char* domain = "libcred";
}

namespace {

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// DESTDIR and build trees keep the layout but not the prefix.
std::string beside_program() {
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return {};
  const std::string program(path.data(), static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/')) + "/../share/locale";
}

}  // namespace

void find_catalogs() {
  const std::string beside = beside_program();
  const bool there = is_directory(beside + "/de/LC_MESSAGES");
  (void)bindtextdomain(domain, there ? beside.c_str() : CRED_LOCALE_DIR);
  (void)bind_textdomain_codeset(domain, "UTF-8");
}

void speak(std::string_view language) {
  find_catalogs();
  // Messages in any language, also where its locale is not installed: gettext heeds
  // LANGUAGE in every locale but "C".
  (void)setlocale(LC_MESSAGES, "C.UTF-8");
  (void)setenv("LANGUAGE", std::string(language).c_str(), 1);
}

const char* tr(const char* english) { return dgettext(domain, english); }

const char* trn(const char* one, const char* several, unsigned long n) {
  return dngettext(domain, one, several, n);
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
