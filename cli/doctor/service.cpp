// Whether credd answers, in words that this version understands.

#include "cli/doctor/subjects.hpp"
#include "wire/channel.hpp"
#include "wire/message.hpp"

#include <cerrno>
#include <cstring>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace cred::doctor {
namespace {

constexpr const char* start = "systemctl enable --now credd.socket";
constexpr const char* restart = "systemctl restart credd; journalctl -u credd";

// Without starting a credd where none listens, as others do.
wire::Channel connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  path.copy(address.sun_path, path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return {};
  wire::Channel channel(fd);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return channel;
}

// Asks for the rules of realm `system`: no name, no password, nothing is counted.
void ask(wire::Channel& channel, const std::string& path, int answer_ms, Report& report) {
  wire::Request request;
  request.kind = wire::Kind::rules;
  request.real_uid = getuid();
  // Of the caller: credd tells nobody about the others but root.
  const passwd* caller = getpwuid(getuid());
  request.account = caller != nullptr ? caller->pw_name : "root";
  request.source.service = "credctl";
  Secret body;
  if (channel.send(wire::encode(request), answer_ms) != wire::Io::done)
    return report.error("credd at " + path + " takes no question", restart);
  const auto received = channel.receive(body, answer_ms);
  if (received == wire::Io::late)
    return report.error("credd at " + path + " does not answer within " +
                            std::to_string(answer_ms / 1000) + " s",
                        restart);
  if (received != wire::Io::done)
    return report.error("credd at " + path + " hangs up without an answer", restart);
  wire::Reply reply;
  const auto bytes = body.bytes();
  if (!bytes.empty() && static_cast<std::uint8_t>(bytes[0]) != wire::version)
    return report.error(
        "credd at " + path + " speaks version " + std::to_string(static_cast<unsigned>(bytes[0])) +
            " of the protocol, and this credctl version " +
            std::to_string(unsigned{wire::version}) + ": it runs since before an upgrade",
        restart);
  if (!wire::decode(bytes, reply))
    return report.error("credd at " + path + " answers what makes no sense", restart);
  if (reply.code != Code::accepted)
    report.error("credd at " + path + " answers \"" + word(reply.code) +
                     "\": it cannot use the store, the key or the configuration",
                 "journalctl -u credd; systemctl restart credd");
}

}  // namespace

void look_at_service(const Patient& patient, Report& report) {
  const std::string& path = patient.configuration.broker_socket;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const std::string program = patient.surroundings.root + patient.surroundings.credd;
    if (access(program.c_str(), X_OK) != 0)
      report.error("there is no socket at " + path + ", and no credd at " + program +
                       ": no login can ask",
                   "install libcred's credd");
    else
      report.warning("credd has no socket at " + path +
                         ": programs of root start one for each question, and the others, such as "
                         "screen lockers, get no answer",
                     start);
    return;
  }
  if (!S_ISSOCK(status.st_mode)) {
    report.error(path + " is no socket", "rm " + path + "; systemctl restart credd.socket");
    return;
  }
  if ((status.st_mode & 0222) != 0222)
    report.warning("not everybody may ask credd at " + path +
                       ": people cannot change their own passwords with credctl, nor unlock a "
                       "screen",
                   "chmod 0666 " + path);
  auto channel = connect_to(path);
  if (!channel.open())
    return report.error("nobody listens at " + path + ": " + std::strerror(errno),
                        "systemctl restart credd.socket");
  ask(channel, path, patient.surroundings.answer_ms, report);
}

}  // namespace cred::doctor
