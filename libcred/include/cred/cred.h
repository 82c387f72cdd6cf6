/* libcred's C interface: accounts with passwords, for services that have users. Each group
 * of calls has a manual page: cred_open(3), cred_answer(3), cred_authenticate(3),
 * cred_enrol(3), cred_status(3), cred_submit(3), cred_events(3).
 *
 *   cred_library* library;
 *   cred_realm* realm;
 *   cred_answer* answer;
 *   if (cred_open(NULL, &library, NULL) == CRED_ACCEPTED &&
 *       cred_realm_open(library, "shop", &realm, NULL) == CRED_ACCEPTED) {
 *     cred_code code = cred_authenticate(realm, "alice", password, length, NULL, &answer);
 *     if (code != CRED_ACCEPTED) puts(cred_answer_message(answer));
 *     cred_answer_free(answer);
 *   }
 *
 * What holds for all calls:
 *
 * 1. A handle is opaque. Whoever opened it closes it; closing NULL does nothing. Library,
 *    realm and queue may be closed in any order, but not while a call on that handle runs.
 * 2. A call that can fail returns a code. With a place for an `answer` (which may be NULL)
 *    it leaves one there, to be freed with cred_answer_free; NULL, if no memory was left.
 * 3. A struct begins with `size`, which the caller sets to sizeof of the struct (CRED_INIT
 *    does). A later version may append fields; programs that were built before go on.
 * 4. Text is UTF-8 that ends with a NUL byte. What is passed is read during the call alone.
 * 5. A password is a pointer and a length: UTF-8 without a terminator, at most 1,024 bytes,
 *    511 when it is set in realm "system". It is read during the call and never kept (a
 *    submission keeps a copy in locked memory until it is computed); the caller owns it and
 *    wipes it. No answer, event or error holds one.
 * 6. Times are seconds since 1970-01-01 UTC, or CRED_NO_TIME: never, or not known.
 * 7. All calls may be made from several threads at once, on one handle too. They block for a
 *    hash or longer; cred_submit(3) tells of those that do not. Nothing may be used in a
 *    child after fork(2).
 * 8. No exception leaves a call, no signal handler is installed, no locale is changed.
 */
#ifndef CRED_CRED_H
#define CRED_CRED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRED_PUBLIC __attribute__((visibility("default")))
/* cred_options options = CRED_INIT(cred_options); */
#ifdef __cplusplus
#define CRED_INIT(type)                  \
  ([] {                                  \
    type cred_init_{};                   \
    cred_init_.size = sizeof cred_init_; \
    return cred_init_;                   \
  }())
#else
#define CRED_INIT(type) \
  { .size = sizeof(type) }
#endif

#define CRED_NO_TIME INT64_C(-1)
#define CRED_UNKNOWN UINT32_MAX

/* The numbers are credctl's exit statuses. More may be added. */
typedef enum cred_code {
  CRED_ACCEPTED = 0,      /* done, or the password is right */
  CRED_REFUSED = 1,       /* wrong password, or the policy refuses the new one */
  CRED_USAGE = 2,         /* a name, password or argument that is none */
  CRED_MUST_CHANGE = 3,   /* the right password, but it has to be changed first */
  CRED_LOCKED = 4,        /* the right password of an account that is locked or disabled */
  CRED_NOT_FOUND = 5,     /* no such account or realm */
  CRED_CONFLICT = 6,      /* exists already, or was changed by somebody else meanwhile */
  CRED_CONFIGURATION = 7, /* configuration or permission */
  CRED_UNAVAILABLE = 8,   /* store, key, memory or credd, or too much to do; try again */
  CRED_INTEGRITY = 9,     /* the store was altered or is damaged */
  CRED_INTERNAL = 70      /* a defect */
} cred_code;

typedef struct cred_library cred_library; /* store and root key, or the way to credd */
typedef struct cred_realm cred_realm;     /* one tenant's accounts; no call reaches another's */
typedef struct cred_answer cred_answer;   /* what a call said */
typedef struct cred_queue cred_queue;     /* submissions of one event loop */

/* The library's version, such as "0.1.0". */
CRED_PUBLIC const char* cred_version(void);
/* The stable word for a code, such as "must_change". Never NULL. */
CRED_PUBLIC const char* cred_code_word(cred_code code);

/* ---- cred_answer(3) ---------------------------------------------------------------
 * Texts belong to the answer and live as long. Of NULL the code is CRED_UNAVAILABLE. */

CRED_PUBLIC cred_code cred_answer_code(const cred_answer* answer);
/* A sentence for the log or the user. Empty when accepted. Never NULL. */
CRED_PUBLIC const char* cred_answer_message(const cred_answer* answer);
/* A stable word: "none", "expired", "forced", "compromised", "grace_over", "too_early",
 * "locked", "disabled", "idle", "one_time_over", "policy", "old_password". Never NULL. */
CRED_PUBLIC const char* cred_answer_reason(const cred_answer* answer);
/* When the password expires. Known of a right password alone. */
CRED_PUBLIC int64_t cred_answer_due(const cred_answer* answer);
/* 1: that lies within the warning period of the policy. */
CRED_PUBLIC int cred_answer_warn(const cred_answer* answer);
/* How many rules a refused new password breaks; of each, from 0 on, its stable id, such as
 * "min_length" ("policy" through credd), and a sentence that tells a person what to do.
 * NULL: there is none of this number. */
CRED_PUBLIC size_t cred_answer_violations(const cred_answer* answer);
CRED_PUBLIC const char* cred_answer_rule(const cred_answer* answer, size_t number);
CRED_PUBLIC const char* cred_answer_advice(const cred_answer* answer, size_t number);
CRED_PUBLIC void cred_answer_free(cred_answer* answer);

/* ---- cred_events(3) --------------------------------------------------------------- */

/* One event: what docs/formats/events.md says of the field of the same name. NULL: there is
 * none. Everything belongs to the library and lives during the call. */
typedef struct cred_event {
  size_t size;
  int64_t time;
  const char* event;   /* stable word, such as "authentication" */
  const char* outcome; /* a code's word */
  const char* realm;
  const char* account; /* NULL also where the name is no account's */
  const char* actor;
  const char* source; /* such as "host 192.0.2.7" */
  const char* service;
  const char* terminal;
  const char* reason; /* stable word */
  const char* detail; /* a sentence */
} cred_event;

/* Called after the event is in the store, from whichever thread made the call, from several
 * at once too. Must neither throw nor call libcred. */
typedef void (*cred_event_function)(void* context, const cred_event* event);

/* ---- cred_open(3) ----------------------------------------------------------------- */

enum {
  CRED_ACCESS_BEST = 0,  /* the store, or credd where this process has no right to it */
  CRED_ACCESS_STORE = 1, /* the store alone */
  CRED_ACCESS_CREDD = 2  /* credd alone */
};

typedef struct cred_options {
  size_t size;
  const char* configuration; /* a file; NULL: the system's */
  uint32_t access;           /* CRED_ACCESS_... */
  uint32_t reserved;         /* 0 */
  /* Learns of each event of this library; NULL: nobody does. Through credd there is none:
   * credd tells its own log. `context` lives until library, realms and queues are closed. */
  cred_event_function on_event;
  void* event_context;
} cred_options;

/* Opens store and root key, or finds credd, as a configuration says. `options` may be NULL.
 * Errors: CONFIGURATION, UNAVAILABLE, INTEGRITY, USAGE. `*library` is NULL then. */
CRED_PUBLIC cred_code cred_open(const cred_options* options, cred_library** library,
                                cred_answer** answer);
CRED_PUBLIC void cred_close(cred_library* library);
/* CRED_ACCESS_STORE or CRED_ACCESS_CREDD. */
CRED_PUBLIC uint32_t cred_access(const cred_library* library);
/* Errors: NOT_FOUND, INTEGRITY, UNAVAILABLE. `*realm` is NULL then. Through credd a realm
 * that is not there shows at the first question alone, as CONFIGURATION. */
CRED_PUBLIC cred_code cred_realm_open(cred_library* library, const char* name, cred_realm** realm,
                                      cred_answer** answer);
CRED_PUBLIC void cred_realm_close(cred_realm* realm);

/* Who asks, and from where. Any field may be NULL: not known. */
typedef struct cred_origin {
  size_t size;
  const char* host;     /* the client's address: failed attempts are counted by it */
  const char* service;  /* for the trail */
  const char* terminal; /* for the trail */
  const char* actor;    /* who acts on others' accounts, such as "admin carol" */
} cred_origin;

/* What passwords of the account must not be made of. Any field may be NULL: not known. */
typedef struct cred_person {
  size_t size;
  const char* full_name;
  const char* email;
  const char* birth_date; /* YYYY-MM-DD */
  const char* phone;
} cred_person;

/* Of all calls below, `origin` and `answer` may be NULL, and each may answer UNAVAILABLE,
 * INTEGRITY, CONFIGURATION and INTERNAL; only further codes are named. */

/* ---- cred_authenticate(3) --------------------------------------------------------- */

/* Checks a password as a login does: counts the attempt before it hashes. An unknown name
 * costs the same and is REFUSED. Codes: ACCEPTED, REFUSED, MUST_CHANGE, LOCKED. */
CRED_PUBLIC cred_code cred_authenticate(cred_realm* realm, const char* name, const void* password,
                                        size_t length, const cred_origin* origin,
                                        cred_answer** answer);
/* What the policy says of a new password, changing nothing. With a name (else NULL) its names
 * and earlier passwords are looked for; through credd the former alone. Codes: ACCEPTED,
 * REFUSED with violations, NOT_FOUND, USAGE. */
CRED_PUBLIC cred_code cred_check(cred_realm* realm, const char* name, const void* password,
                                 size_t length, const cred_origin* origin, cred_answer** answer);

/* ---- cred_enrol(3) ---------------------------------------------------------------- */

/* A new account. `person` may be NULL. Codes: ACCEPTED, REFUSED with violations, USAGE,
 * CONFLICT (there is one). */
CRED_PUBLIC cred_code cred_enrol(cred_realm* realm, const char* name, const cred_person* person,
                                 const void* password, size_t length, int must_change,
                                 const cred_origin* origin, cred_answer** answer);
/* The owner's change; counts as an attempt. REFUSED without violations: the old password is
 * wrong (reason "old_password"), or too young ("too_early"). Codes: ACCEPTED, REFUSED,
 * LOCKED, USAGE, CONFLICT. */
CRED_PUBLIC cred_code cred_change(cred_realm* realm, const char* name, const void* old_password,
                                  size_t old_length, const void* new_password, size_t new_length,
                                  const cred_origin* origin, cred_answer** answer);
/* Sets a password without the old one; the policy holds for it too. Codes: ACCEPTED, REFUSED
 * with violations, NOT_FOUND, USAGE, CONFLICT. */
CRED_PUBLIC cred_code cred_reset(cred_realm* realm, const char* name, const void* password,
                                 size_t length, int must_change, const cred_origin* origin,
                                 cred_answer** answer);

/* ---- cred_status(3) --------------------------------------------------------------- */

enum { CRED_STATE_ACTIVE = 0, CRED_STATE_LOCKED = 1, CRED_STATE_DISABLED = 2 };

/* Filled by the library. Through credd only `standing`, `reason` and `due` are known. */
typedef struct cred_status {
  size_t size;
  uint32_t state;         /* CRED_STATE_..., or CRED_UNKNOWN */
  uint32_t standing;      /* CRED_ACCEPTED, CRED_MUST_CHANGE or CRED_LOCKED */
  const char* reason;     /* why, as cred_answer_reason; lives for ever */
  int64_t set;            /* when the password was set */
  int64_t due;            /* when it expires */
  int64_t last_login;     /* the last right password */
  int64_t blocked_until;  /* attempts are refused unhashed; INT64_MAX: until it is unlocked */
  uint32_t failures;      /* since the last right password, or CRED_UNKNOWN */
  uint32_t attempts_left; /* before the next delay, or CRED_UNKNOWN */
  uint64_t session_epoch; /* as cred_session_epoch; 0 through credd */
} cred_status;

/* `status->size` is set by the caller. Codes: ACCEPTED, NOT_FOUND, USAGE. */
CRED_PUBLIC cred_code cred_get_status(cred_realm* realm, const char* name, cred_status* status,
                                      cred_answer** answer);
/* Rises whenever the account's sessions should end: a service remembers it with each session
 * that it begins, and ends those that began under a lower one. Codes: ACCEPTED, NOT_FOUND. */
CRED_PUBLIC cred_code cred_session_epoch(cred_realm* realm, const char* name, uint64_t* epoch,
                                         cred_answer** answer);
/* Forces a change at the next login. Codes: ACCEPTED, NOT_FOUND. */
CRED_PUBLIC cred_code cred_expire(cred_realm* realm, const char* name, const cred_origin* origin,
                                  cred_answer** answer);
/* Others may know the password: from now on it only lets its owner change it, or, with
 * `lock`, nothing at all. Ends all sessions. Codes: ACCEPTED, NOT_FOUND, USAGE (no reason). */
CRED_PUBLIC cred_code cred_compromise(cred_realm* realm, const char* name, const char* reason,
                                      int lock, const cred_origin* origin, cred_answer** answer);

/* Looks through a text of `length` bytes, a message's as a person reads it, for the account's own
 * password: words that could be one are hashed, 32 at most and 2,000 in a day for each name.
 * `message` is the message's id, printable ASCII without a space. Takes as long as so many
 * logins. The text is not kept. Codes: ACCEPTED (not found, or no such account), REFUSED (found,
 * and marked as by cred_compromise), USAGE (no id), UNAVAILABLE (also: through credd). */
CRED_PUBLIC cred_code cred_scan(cred_realm* realm, const char* name, const void* text,
                                size_t length, const char* message, const cred_origin* origin,
                                cred_answer** answer);

/* ---- cred_submit(3) --------------------------------------------------------------- */

typedef struct cred_queue_options {
  size_t size;
  uint32_t workers;  /* threads; 0: as many as cores and memory budget have hashes for */
  uint32_t waiting;  /* the most submissions that wait, 1 to 16,384; 0: 1,024 */
  uint32_t patience; /* seconds after which one that waits is UNAVAILABLE; 0: 60 */
  uint32_t reserved; /* 0 */
} cred_queue_options;

/* Threads for one event loop's submissions. They draw on the memory budget that all hashes of
 * the library share. `options` may be NULL. Errors: USAGE, UNAVAILABLE. */
CRED_PUBLIC cred_code cred_queue_open(cred_library* library, const cred_queue_options* options,
                                      cred_queue** queue, cred_answer** answer);
/* Forgets what waits and what was not taken, and waits for what is being computed, whose
 * effects stay: a change may have happened. */
CRED_PUBLIC void cred_queue_close(cred_queue* queue);
/* Readable while an answer can be taken, for poll(2) and its kin. It belongs to the queue and
 * is not to be read or closed. */
CRED_PUBLIC int cred_queue_descriptor(const cred_queue* queue);
/* Takes a finished answer: 1, with the `ticket` of its submission and an `answer` to free. 0:
 * none is finished. Never blocks. */
CRED_PUBLIC int cred_take(cred_queue* queue, uint64_t* ticket, cred_answer** answer);

/* As the calls of the same name, but return at once: ACCEPTED, its answer will come, once; or
 * why it will not: UNAVAILABLE (too many wait; nothing was counted or hashed), USAGE. `ticket`
 * is the caller's own. Hosts take turns, and attempts on one account go one after another. */
CRED_PUBLIC cred_code cred_submit_authenticate(cred_queue* queue, cred_realm* realm,
                                               const char* name, const void* password,
                                               size_t length, const cred_origin* origin,
                                               uint64_t ticket);
CRED_PUBLIC cred_code cred_submit_check(cred_queue* queue, cred_realm* realm, const char* name,
                                        const void* password, size_t length,
                                        const cred_origin* origin, uint64_t ticket);
CRED_PUBLIC cred_code cred_submit_enrol(cred_queue* queue, cred_realm* realm, const char* name,
                                        const cred_person* person, const void* password,
                                        size_t length, int must_change, const cred_origin* origin,
                                        uint64_t ticket);
CRED_PUBLIC cred_code cred_submit_change(cred_queue* queue, cred_realm* realm, const char* name,
                                         const void* old_password, size_t old_length,
                                         const void* new_password, size_t new_length,
                                         const cred_origin* origin, uint64_t ticket);
CRED_PUBLIC cred_code cred_submit_reset(cred_queue* queue, cred_realm* realm, const char* name,
                                        const void* password, size_t length, int must_change,
                                        const cred_origin* origin, uint64_t ticket);

#ifdef __cplusplus
}
#endif

#endif
