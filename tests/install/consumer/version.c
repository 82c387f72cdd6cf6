/* Prints the library's version, and that a store that is not there is an answer; with CONFIG what
 * a stranger is told, in the language of the environment. */
#include <cred/cred.h>

#include <locale.h>
#include <stdio.h>

int main(int argc, char** argv) {
  cred_options options = CRED_INIT(cred_options);
  cred_library* library = NULL;
  cred_realm* realm = NULL;
  cred_answer* answer = NULL;
  cred_code code;
  setlocale(LC_ALL, "");
  options.configuration = argc > 1 ? argv[1] : "/nonexistent/cred.conf";
  code = cred_open(&options, &library, &answer);
  if (argc > 1) {
    cred_answer_free(answer);
    cred_realm_open(library, "system", &realm, NULL);
    cred_authenticate(realm, "nobody", "Correct-Horse-42", 16, NULL, &answer);
    puts(cred_answer_message(answer));
  } else {
    printf("%s %s %s\n", cred_version(), cred_code_word(code), library == NULL ? "none" : "open");
  }
  cred_answer_free(answer);
  cred_realm_close(realm);
  cred_close(library);
  return 0;
}
