#include "pam_login.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <security/pam_appl.h>

namespace demo {
namespace {

struct Person {
  std::vector<std::string> answers;
  std::size_t next = 0;
};

int converse(int count, const pam_message** messages, pam_response** responses, void* data) {
  auto& person = *static_cast<Person*>(data);
  auto* replies = static_cast<pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (replies == nullptr) return PAM_BUF_ERR;
  for (int i = 0; i < count; ++i) {
    if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF && person.next < person.answers.size()) {
      const std::string& answer = person.answers[person.next++];
      std::printf("      | %s%s\n", messages[i]->msg, answer.c_str());
      replies[i].resp = strdup(answer.c_str());
    } else {
      std::printf("      | %s\n", messages[i]->msg);
    }
  }
  *responses = replies;
  return PAM_SUCCESS;
}

}  // namespace

std::string pam_text(int code) { return pam_strerror(nullptr, code); }

Login log_in(const std::string& services, const std::string& user,
             std::vector<std::string> answers) {
  Person person{std::move(answers), 0};
  const pam_conv conversation{converse, &person};
  pam_handle_t* pam = nullptr;
  Login login;
  login.authenticate =
      pam_start_confdir("login", user.c_str(), &conversation, services.c_str(), &pam);
  if (login.authenticate != PAM_SUCCESS) return login;
  login.authenticate = pam_authenticate(pam, 0);
  int result = login.authenticate;
  if (result == PAM_SUCCESS) {
    login.account = pam_acct_mgmt(pam, 0);
    result = login.account;
    if (result == PAM_NEW_AUTHTOK_REQD) {
      result = pam_chauthtok(pam, PAM_CHANGE_EXPIRED_AUTHTOK);
      login.changed = result == PAM_SUCCESS;
    }
  }
  login.in = result == PAM_SUCCESS;
  pam_end(pam, result);
  return login;
}

}  // namespace demo
