#include "broker.hpp"

#include "wire/channel.hpp"

#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

Answer change_password(const Site& site, const std::string& name, const std::string& old_password,
                       const std::string& new_password, const Asked& asked) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair failed");
  Answer answer;
  {
    cred::wire::Channel channel(ends[0]);
    Process credd(under(asked.before, {.argv = {CREDD, "--stdio", "--config", site.configuration()},
                                       .input_fd = ends[1]}));
    (void)close(ends[1]);
    cred::wire::Request request;
    request.kind = asked.kind;
    request.source.language = asked.language;
    request.realm = "system";
    request.account = name;
    request.old_password = std::as_bytes(std::span(old_password));
    request.password = std::as_bytes(std::span(new_password));
    cred::Secret body;
    cred::wire::Reply reply;
    constexpr int patience_ms = 60'000;
    if (channel.send(cred::wire::encode(request), patience_ms) == cred::wire::Io::done &&
        channel.receive(body, patience_ms) == cred::wire::Io::done &&
        cred::wire::decode(body.bytes(), reply)) {
      answer.came = true;
      answer.code = reply.code;
      for (std::size_t i = 0; i < reply.messages; ++i)
        answer.messages += std::string(reply.message[i]) + "\n";
    }
    channel = cred::wire::Channel();  // credd ends when its caller hangs up
    answer.credd = credd.wait();
  }
  return answer;
}
