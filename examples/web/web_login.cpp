// A login service over HTTP: sign-up, sign-in, forced change, and sessions that end by the
// account's session epoch. TLS is for a proxy in front of it, so it listens on loopback alone.
//   web_login CONFIG REALM PORT FOLDER        FOLDER has the pages
#include <cred/cred.hpp>

#include <fstream>
#include <httplib.h>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <sys/random.h>

namespace {

using httplib::Request, httplib::Response;

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text)
    safe += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
  return safe;
}

// What an answer says, as a person reads it.
std::string notice(const std::string& message, const std::vector<cred::Violation>& reasons = {}) {
  std::string text = "<div role=\"alert\" class=\"notice\"><p>" + escaped(message) + ".</p><ul>";
  for (const auto& reason : reasons) text += "<li>" + escaped(reason.message) + "</li>";
  return text + "</ul></div>";
}

// Who is signed in, by the value of a cookie.
class Sessions {
 public:
  explicit Sessions(cred::Realm& realm) : realm_(realm) {}

  void begin(const std::string& name, Response& response) {
    unsigned char random[32];
    const auto epoch = realm_.session_epoch(name);
    if (!epoch.answer || getrandom(random, sizeof random, 0) != sizeof random)
      throw std::runtime_error("no session can begin: " + epoch.answer.message);
    std::string token;
    for (const unsigned char byte : random)
      token += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    const std::lock_guard lock(mutex_);
    all_[token] = {name, epoch.value};
    // Behind TLS: "; Secure". Strict: no other site's form is sent with it.
    response.set_header("Set-Cookie", "session=" + token + "; HttpOnly; SameSite=Strict; Path=/");
    response.set_redirect("/", 303);
  }
  // Empty: nobody. `ended`: somebody was, until something happened to the account.
  std::string name(const Request& request, bool* ended = nullptr) {
    const std::lock_guard lock(mutex_);
    const auto session = all_.find(token(request));
    if (session == all_.end()) return {};
    const auto epoch = realm_.session_epoch(session->second.first);
    if (epoch.answer && epoch.value == session->second.second) return session->second.first;
    const bool over = epoch.answer || epoch.answer.outcome == cred::Outcome::not_found;
    if (over) all_.erase(session);  // else nothing is known: nobody is in, for now
    if (ended != nullptr) *ended = over;
    return {};
  }
  void end_all(const std::string& name) {
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [&](const auto& session) { return session.second.first == name; });
  }

 private:
  static std::string token(const Request& request) {
    const std::string all = request.get_header_value("Cookie");
    const auto at = all.find("session=");
    return at == std::string::npos ? "" : all.substr(at + 8, 64);
  }
  cred::Realm& realm_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::string, std::uint64_t>> all_;  // name and epoch
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::cerr << "usage: web_login CONFIG REALM PORT FOLDER\n", 2;
  auto realm = cred::Library::open(std::string(argv[1])).realm(argv[2]);
  if (!realm.answer()) return std::cerr << "web_login: " << realm.answer().message << "\n", 1;
  Sessions sessions(realm);
  httplib::Server server;
  const auto show = [&](const std::string& page, const Request& request, Response& response,
                        const std::string& told, const std::string& name) {
    std::ifstream file(std::string(argv[4]) + "/" + page + ".html");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const auto& [mark, value] : {std::pair{"{notice}", told},
                                      {"{name}", escaped(name)},
                                      {"{person}", escaped(request.get_param_value("person"))}})
      if (const auto at = text.find(mark); at != std::string::npos)
        text.replace(at, std::string_view(mark).size(), value);
    response.set_content(text, "text/html; charset=utf-8");
  };
  server.Get("/(signup|change|)", [&](const Request& request, Response& response) {
    bool ended = false;
    const std::string name = sessions.name(request, &ended);
    std::string page = request.matches[1];
    if (page.empty()) page = name.empty() ? "signin" : "home";
    show(page, request, response, ended ? notice("Your session has ended: sign in again") : "",
         name);
  });
  // A form that signs in when `work` is accepted.
  const auto post = [&](const std::string& page, auto work) {
    server.Post("/" + page, [&, page, work](const Request& request, Response& response) {
      const std::string name = request.get_param_value("name");
      const cred::Answer said = work(request, name);
      if (said) return sessions.begin(name, response);
      const bool for_people = said.outcome <= cred::Outcome::conflict;
      if (!for_people) std::cerr << "web_login: " << said.message << std::endl;
      response.status = for_people ? 403 : 503;
      show(said.outcome == cred::Outcome::must_change ? "change" : page, request, response,
           notice(for_people ? said.message : "Try again later", said.violations), name);
    });
  };
  // cpp-httplib keeps the fields of a form in ordinary memory: who minds reads the body.
  const auto password = [](const Request& request, const char* field) {
    const auto at = request.params.find(field);
    return at == request.params.end() ? cred::Password() : std::as_bytes(std::span(at->second));
  };
  // Behind a proxy: what the proxy says of the client, not what the client says.
  const auto origin = [](const Request& r) { return cred::Origin{r.remote_addr, "shop"}; };

  server.set_payload_max_length(16 * 1024);
  server.set_mount_point("/static", std::string(argv[4]) + "/static");
  server.set_default_headers({{"Cache-Control", "no-store"},
                              {"Content-Security-Policy", "default-src 'none'; style-src 'self'"}});
  post("signup", [&](const Request& request, const std::string& name) {
    return realm.enrol(name, {request.get_param_value("person")}, password(request, "new"), false,
                       "sign-up", origin(request));
  });
  post("signin", [&](const Request& request, const std::string& name) {
    return realm.authenticate(name, password(request, "old"), origin(request));
  });
  post("change", [&](const Request& request, const std::string& name) {
    auto said =
        realm.change(name, password(request, "old"), password(request, "new"), origin(request));
    if (said) sessions.end_all(name);  // those of whoever knew the old one
    return said;
  });
  server.Post("/signout", [&](const Request& request, Response& response) {
    sessions.end_all(sessions.name(request));  // on all devices
    response.set_redirect("/", 303);
  });
  return server.listen("127.0.0.1", std::atoi(argv[3])) ? 0 : 1;
}
