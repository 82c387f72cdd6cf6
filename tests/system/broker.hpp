// The owner's change, as pam_cred.so asks for it: a request to `credd --stdio`.
#pragma once

#include "site.hpp"

#include "wire/message.hpp"

struct Answer {
  cred::Code code = cred::Code::internal;
  bool came = false;     // false: credd ended before it answered
  std::string messages;  // the sentences, one a line
  Finished credd;
};

struct Asked {
  cred::wire::Kind kind = cred::wire::Kind::change;
  std::string language{};             // of messages
  std::vector<std::string> before{};  // put before credd's own words, as in strace CREDD
};

Answer change_password(const Site& site, const std::string& name, const std::string& old_password,
                       const std::string& new_password, const Asked& asked = {});
