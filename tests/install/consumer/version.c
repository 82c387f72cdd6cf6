/* Prints the library's version, and that a store that is not there is an answer. */
#include <cred/cred.h>

#include <stdio.h>

int main(void) {
  cred_options options = CRED_INIT(cred_options);
  cred_library* library = NULL;
  cred_answer* answer = NULL;
  cred_code code;
  options.configuration = "/nonexistent/cred.conf";
  code = cred_open(&options, &library, &answer);
  printf("%s %s %s\n", cred_version(), cred_code_word(code), library == NULL ? "none" : "open");
  cred_answer_free(answer);
  return code == CRED_CONFIGURATION ? 0 : 1;
}
