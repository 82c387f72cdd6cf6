// Sentences for people, in the language of the process's locale (gettext, domain
// libcred). Needs libc alone.
//
// The English sentence is the key. `tr`, `trn` and `plural` mark it for xgettext
// (scripts/translations); it is given back where there is no translation.
#pragma once

#include <string>
#include <string_view>

namespace cred {

// Tells gettext where the catalogs are: beside the program, as installed, or at the
// place that was compiled in.
void find_catalogs();
// Makes `speak` possible. For programs alone, before they have threads: it alters the
// locale of messages and the environment.
void prepare_to_speak();
// Chooses the language of the calling thread, whatever the locale. `languages` is what
// `wanted_language` gives, the first that there is counts; without any: English.
void speak(std::string_view languages);

const char* tr(const char* english) __attribute__((format_arg(1)));
const char* trn(const char* one, const char* several, unsigned long n)
    __attribute__((format_arg(1), format_arg(2)));

// A sentence that is translated later, by `counted`.
struct Counted {
  const char* one;
  const char* several;
};
constexpr Counted plural(const char* one, const char* several) { return {one, several}; }

// printf-style, for what `tr` gives. Only numbers and texts that are no secret.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

// The sentence for `n`, which is also its first %u; the second, if any, is `more`.
std::string counted(const Counted& sentence, unsigned n, unsigned more = 0);

}  // namespace cred
