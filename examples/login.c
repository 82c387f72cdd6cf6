/* A login in C: enrols accounts, lets people in, and has them change what must be changed.
 *
 *   cc login.c -o login $(pkg-config --cflags --libs libcred)
 *   ./login /etc/cred/cred.conf shop enrol alice     # asks for a password
 *   ./login /etc/cred/cred.conf shop login alice     # exit status: the code, 0 for "let in"
 */
#include <cred/cred.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

/* Passwords lie in memory that is neither swapped nor dumped, and are wiped at the end. */
struct passwords {
  char old[1025], fresh[1025];
  size_t old_length, fresh_length;
};

/* Reads a line without echo, a byte at a time: stdio would keep a copy. */
static size_t ask(const char* prompt, char* line, size_t room) {
  struct termios before, silent;
  const int terminal = tcgetattr(STDIN_FILENO, &before) == 0;
  size_t length = 0;
  if (terminal) {
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s: ", prompt);
  }
  /* What is too long is cut off after the byte that makes it so: libcred says the rest. */
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
    if (length < room) line[length++] = byte;
  byte = 0;
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
  }
  return length;
}

/* Tells a person what an answer says, and frees it. */
static cred_code tell(cred_answer* answer) {
  const cred_code code = cred_answer_code(answer);
  if (code != CRED_ACCEPTED) fprintf(stderr, "login: %s\n", cred_answer_message(answer));
  for (size_t i = 0; i < cred_answer_violations(answer); ++i)
    fprintf(stderr, "  - %s\n", cred_answer_advice(answer, i));
  if (code == CRED_ACCEPTED && cred_answer_warn(answer))
    fprintf(stderr, "login: the password expires soon; change it\n");
  cred_answer_free(answer);
  return code;
}

static cred_code enrol(cred_realm* realm, const char* name, const cred_origin* origin,
                       struct passwords* p) {
  cred_answer* answer = NULL;
  cred_person person = CRED_INIT(cred_person);
  person.full_name = name; /* a real service knows more */
  p->fresh_length = ask("New password", p->fresh, sizeof p->fresh);
  cred_enrol(realm, name, &person, p->fresh, p->fresh_length, 0, origin, &answer);
  return tell(answer);
}

static cred_code login(cred_realm* realm, const char* name, const cred_origin* origin,
                       struct passwords* p) {
  cred_answer* answer = NULL;
  p->old_length = ask("Password", p->old, sizeof p->old);
  cred_authenticate(realm, name, p->old, p->old_length, origin, &answer);
  const cred_code code = tell(answer);
  if (code != CRED_MUST_CHANGE) return code;
  /* The right password, which opens nothing until it is changed. */
  answer = NULL;
  p->fresh_length = ask("New password", p->fresh, sizeof p->fresh);
  cred_change(realm, name, p->old, p->old_length, p->fresh, p->fresh_length, origin, &answer);
  return tell(answer);
}

int main(int argc, char** argv) {
  static struct passwords passwords;
  cred_options options = CRED_INIT(cred_options);
  cred_origin origin = CRED_INIT(cred_origin);
  cred_library* library = NULL;
  cred_realm* realm = NULL;
  cred_answer* answer = NULL;
  cred_code code;

  const int enrols = argc == 5 && strcmp(argv[3], "enrol") == 0;
  if (!enrols && (argc != 5 || strcmp(argv[3], "login") != 0)) {
    fprintf(stderr, "usage: login CONFIG REALM enrol|login NAME\n");
    return CRED_USAGE;
  }
  prctl(PR_SET_DUMPABLE, 0);
  mlock(&passwords, sizeof passwords);
  options.configuration = argv[1];
  origin.service = "login-example";
  origin.actor = "login-example";

  code = cred_open(&options, &library, &answer);
  if (code == CRED_ACCEPTED) {
    cred_answer_free(answer);
    code = cred_realm_open(library, argv[2], &realm, &answer);
  }
  (void)tell(answer);
  if (code == CRED_ACCEPTED)
    code = (enrols ? enrol : login)(realm, argv[4], &origin, &passwords);
  explicit_bzero(&passwords, sizeof passwords);
  if (code == CRED_ACCEPTED) printf("%s is %s\n", argv[4], enrols ? "enrolled" : "let in");
  cred_realm_close(realm);
  cred_close(library);
  return (int)code;
}
