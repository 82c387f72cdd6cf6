#include "base/translate.hpp"

#include <cstdarg>
#include <cstdio>
#include <libintl.h>

namespace cred {
namespace {
constexpr const char* domain = "libcred";
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
