#include "host.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace cred;
using wire::Kind;
using Lines = std::vector<std::string>;
using Kinds = std::vector<Kind>;

namespace {

Result begin(Host& host, int flags = 0) {
  return host.run([=](pam_handle_t* h) { return pam_open_session(h, flags); });
}

World with_notice() {
  World world;
  world.session = says(Code::accepted, wire::Reason::none, {"Last login: yesterday"});
  return world;
}

}  // namespace

TEST_CASE("a session begins with what credd tells of the last one") {
  const ScriptedCredd credd(with_notice());
  for (const char* service : {"sshd", "login", "gdm-password"}) {
    Host host(stack(credd), "ann", service);
    const Result result = begin(host);
    CHECK(result.code == PAM_SUCCESS);
    CHECK(result.said == Lines{"info: Last login: yesterday"});
    CHECK(begin(host, PAM_SILENT).said.empty());
  }
}

TEST_CASE("su, sudo and jobs neither count as logins nor print anything") {
  const ScriptedCredd credd(with_notice());
  for (const char* service : {"su", "su-l", "sudo", "sudo-i", "cron", "systemd-user"}) {
    Host host(stack(credd), "ann", service);
    const Result result = begin(host);
    CHECK(result.code == PAM_SUCCESS);
    CHECK(result.said.empty());
  }
  CHECK(credd.seen().empty());
}

TEST_CASE("no trouble with credd keeps a session from beginning") {
  for (const Code code : {Code::unavailable, Code::integrity, Code::not_found, Code::internal}) {
    World world;
    world.session = says(code);
    const ScriptedCredd credd(world);
    Host host(stack(credd), "ann", "sshd");
    CHECK(begin(host).code == PAM_SUCCESS);
  }
  ScriptedCredd hanging;
  hanging.act([](int fd) {
    char byte = 0;
    while (read(fd, &byte, 1) > 0) {}
  });
  Host host(stack_of(PAM_CRED_IMPATIENT, "socket=" + hanging.socket()), "ann", "sshd");
  CHECK(begin(host).code == PAM_SUCCESS);
}
