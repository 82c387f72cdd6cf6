// The six functions that libpam looks up. docs/architecture.md tells what they
// promise to the host.
#include "pam_module/operations.hpp"
#include "pam_module/options.hpp"
#include "pam_module/session.hpp"

#define CRED_PAM_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

template <typename Operation>
int at_the_boundary(pam_handle_t* pamh, Operation operation) noexcept {
  return pamh == nullptr ? PAM_SYSTEM_ERR : operation();
}

}  // namespace

CRED_PAM_EXPORT int pam_sm_authenticate(pam_handle_t* pamh, int flags, int argc,
                                        const char** argv) {
  return at_the_boundary(pamh, [&]() noexcept {
    const auto options = cred::pam::Options::parse(pamh, argc, argv);
    const cred::pam::Session session(pamh, flags, options);
    return options.migrate ? cred::pam::keep_for_migration(session)
                           : cred::pam::authenticate(session);
  });
}

CRED_PAM_EXPORT int pam_sm_acct_mgmt(pam_handle_t* pamh, int flags, int argc, const char** argv) {
  return at_the_boundary(pamh, [&]() noexcept {
    const auto options = cred::pam::Options::parse(pamh, argc, argv);
    const cred::pam::Session session(pamh, flags, options);
    return options.migrate ? cred::pam::migrate(session) : cred::pam::check_account(session);
  });
}

CRED_PAM_EXPORT int pam_sm_chauthtok(pam_handle_t* pamh, int flags, int argc, const char** argv) {
  return at_the_boundary(pamh, [&]() noexcept {
    const auto options = cred::pam::Options::parse(pamh, argc, argv);
    return cred::pam::change_password(cred::pam::Session(pamh, flags, options));
  });
}

CRED_PAM_EXPORT int pam_sm_open_session(pam_handle_t* pamh, int flags, int argc,
                                        const char** argv) {
  return at_the_boundary(pamh, [&]() noexcept {
    const auto options = cred::pam::Options::parse(pamh, argc, argv);
    const cred::pam::Session session(pamh, flags, options);
    if (!options.migrate) return cred::pam::begin_session(session);
    (void)cred::pam::migrate(session);
    return PAM_SUCCESS;
  });
}

// There is nothing to set up, but the host is content with a password when it comes here.
CRED_PAM_EXPORT int pam_sm_setcred(pam_handle_t* pamh, int flags, int argc, const char** argv) {
  return at_the_boundary(pamh, [&]() noexcept {
    const auto options = cred::pam::Options::parse(pamh, argc, argv);
    if (options.migrate && (flags & PAM_DELETE_CRED) == 0)
      (void)cred::pam::migrate(cred::pam::Session(pamh, flags, options));
    return PAM_SUCCESS;
  });
}

// libpam wants it where the others are.
CRED_PAM_EXPORT int pam_sm_close_session(pam_handle_t*, int, int, const char**) {
  return PAM_SUCCESS;
}
