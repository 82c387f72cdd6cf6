// credd: a service on a Unix socket, or with --stdio one conversation on standard input.

#include "base/process.hpp"
#include "base/translate.hpp"
#include "broker/listener.hpp"
#include "broker/sandbox.hpp"
#include "broker/server.hpp"
#include "broker/service.hpp"
#include "wire/channel.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

namespace {

// A caller that neither asks nor hangs up for so long is gone.
constexpr int idle_ms = 300'000;
constexpr int send_ms = 10'000;

// A setuid host passes its caller's real uid and limits on. The uid is who asks;
// after that neither it nor the limits may let the caller disturb this process.
uid_t take_over() {
  const uid_t caller = getuid();
  if (geteuid() != 0) return caller;
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  for (const auto resource :
       {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_CPU})
    (void)setrlimit(resource, &unlimited);
  const rlimit descriptors{1024, 1024};
  (void)setrlimit(RLIMIT_NOFILE, &descriptors);
  (void)setgroups(0, nullptr);
  if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
    std::exit(static_cast<int>(cred::Code::configuration));
  return caller;
}

int complain(const cred::Error& error) {
  std::fprintf(stderr, "credd: %s\n", error.message.c_str());
  syslog(LOG_ALERT, "%s", error.message.c_str());
  return static_cast<int>(error.code);
}

int serve_one(const std::string& configuration, uid_t caller) {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &length) != 0) {
    std::fputs(
        "credd: standard input is not a socket; --stdio is for programs such as "
        "pam_cred.so, not for a terminal\n",
        stderr);
    return static_cast<int>(cred::Code::usage);
  }
  cred::broker::EngineSource engine(configuration);
  cred::broker::Refusals refusals;
  cred::broker::Looks looks;
  cred::broker::Service service(engine, refusals, looks,
                                {{geteuid(), getegid(), getppid(), {}}, caller});
  cred::wire::Channel channel(STDIN_FILENO);
  const auto send = [&](const cred::Secret& frame) {
    return channel.send(frame, send_ms) == cred::wire::Io::done;
  };
  for (;;) {
    cred::Secret body;
    const auto received = channel.receive(body, idle_ms);
    if (received == cred::wire::Io::closed) return 0;
    if (received != cred::wire::Io::done) return static_cast<int>(cred::Code::unavailable);
    const cred::Secret answer = service.answer(body.bytes(), send);
    if (answer.empty() || !send(answer)) return static_cast<int>(cred::Code::unavailable);
  }
}

// The socket is the one that was handed over, or that of the configuration.
int serve_all(const std::string& path) {
  cred::broker::ServerSettings settings{path, cred::broker::inherited_listener(), {}};
  // Without one nothing is reached, and each answer says what is wrong with it.
  const auto configuration = cred::engine::load_configuration(path);
  if (settings.listener < 0) {
    if (!configuration) return complain(configuration.error());
    settings.socket_path = configuration->broker_socket;
  }
  const bool remote = configuration && cred::store::is_shared(configuration->store_url);
  // Where the kernel has no such filter, systemd's or none has to do.
  if (const auto sandboxed = cred::broker::enter_sandbox(remote ? cred::broker::Network::reached
                                                                : cred::broker::Network::closed);
      !sandboxed)
    syslog(LOG_WARNING, "%s", sandboxed.error().message.c_str());
  const auto served = cred::broker::serve(settings);
  return served ? 0 : complain(served.error());
}

}  // namespace

int main(int argc, char** argv) {
  cred::harden_process();
  cred::prepare_to_speak();
  CLI::App app("The broker between pam_cred.so or credctl and the credential store.", "credd");
  bool stdio = false;
  std::string configuration;
  app.add_flag("--stdio", stdio, "Serve one conversation on standard input");
  app.add_option("--config", configuration, "Read this instead of " CRED_CONFIG_PATH)
      ->type_name("FILE");
  app.set_version_flag("--version", "credd " CRED_VERSION);
  app.footer("Example: credd, as a service; programs start it as: credd --stdio\nSee credd(8).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(cred::Code::usage);
  }
  openlog("credd", LOG_PID, LOG_AUTHPRIV);
  return stdio ? serve_one(configuration, take_over()) : serve_all(configuration);
}
