// cred-milter: asked by Postfix or Sendmail for each message, it rejects those in which the
// password of the sender who logged in stands, and marks that password as compromised.

#include "base/process.hpp"
#include "milter/inspection.hpp"

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <libmilter/mfapi.h>
#include <memory>
#include <sys/stat.h>
#include <syslog.h>

namespace {

// Of one message, and of all that are on their way at once. What is beyond is not read.
constexpr std::size_t largest_message = std::size_t{30} * 1024 * 1024;
constexpr std::size_t largest_together = std::size_t{256} * 1024 * 1024;
std::atomic<std::size_t> held{0};

// libmilter's calls get nothing that is ours but through the process.
std::unique_ptr<cred::milter::Inspection> inspection;

class Mail {
 public:
  explicit Mail(std::string sender) : sender_(std::move(sender)) {}
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;
  ~Mail() { held -= bytes_.size(); }

  // False: it is full.
  bool add(std::string_view text) {
    if (bytes_.size() + text.size() > largest_message || held + text.size() > largest_together)
      return false;
    bytes_ += text;
    held += text.size();
    return true;
  }
  const std::string& sender() const { return sender_; }
  std::span<const char> bytes() const { return bytes_; }

 private:
  const std::string sender_;
  std::string bytes_;
};

Mail* mail_of(SMFICTX* context) { return static_cast<Mail*>(smfi_getpriv(context)); }

void forget(SMFICTX* context) {
  delete mail_of(context);
  (void)smfi_setpriv(context, nullptr);
}

// No exception may pass through libmilter.
template <typename Work>
sfsistat guarded(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    syslog(LOG_ERR, "%s", error.what());
    return SMFIS_TEMPFAIL;
  }
}

std::string symbol(SMFICTX* context, const char* name) {
  std::string word(name);
  const char* value = smfi_getsymval(context, word.data());
  return value != nullptr ? value : "";
}

extern "C" {

sfsistat on_sender(SMFICTX* context, char**) {
  return guarded([&]() -> sfsistat {
    forget(context);
    const std::string sender = symbol(context, "{auth_authen}");
    // Nobody logged in: the message is no account's.
    if (sender.empty()) return SMFIS_ACCEPT;
    auto mail = std::make_unique<Mail>(sender);
    if (smfi_setpriv(context, mail.get()) == MI_SUCCESS) (void)mail.release();
    return SMFIS_CONTINUE;
  });
}

sfsistat on_header(SMFICTX* context, char* name, char* value) {
  return guarded([&]() -> sfsistat {
    if (Mail* mail = mail_of(context)) (void)mail->add(std::string(name) + ": " + value + "\r\n");
    return SMFIS_CONTINUE;
  });
}

sfsistat on_end_of_header(SMFICTX* context) {
  return guarded([&]() -> sfsistat {
    if (Mail* mail = mail_of(context)) (void)mail->add("\r\n");
    return SMFIS_CONTINUE;
  });
}

sfsistat on_body(SMFICTX* context, unsigned char* bytes, std::size_t size) {
  return guarded([&]() -> sfsistat {
    if (Mail* mail = mail_of(context))
      (void)mail->add(std::string_view(reinterpret_cast<const char*>(bytes), size));
    return SMFIS_CONTINUE;
  });
}

sfsistat on_end(SMFICTX* context) {
  return guarded([&]() -> sfsistat {
    const Mail* mail = mail_of(context);
    if (mail == nullptr) return SMFIS_ACCEPT;
    std::string queue_id = symbol(context, "i");
    if (queue_id.empty()) queue_id = "unnamed";
    const auto fate = inspection->judge(mail->sender(), mail->bytes(), queue_id);
    forget(context);
    switch (fate) {
      case cred::milter::Fate::pass: return SMFIS_ACCEPT;
      case cred::milter::Fate::hold: return SMFIS_TEMPFAIL;
      case cred::milter::Fate::reject: break;
    }
    char code[] = "550";
    char extended[] = "5.7.1";
    char text[] =
        "Your own password stands in this message, which was not sent. Take it for known to "
        "others: change it at once";
    (void)smfi_setreply(context, code, extended, text);
    return SMFIS_REJECT;
  });
}

sfsistat on_abort(SMFICTX* context) {
  forget(context);
  return SMFIS_CONTINUE;
}

sfsistat on_close(SMFICTX* context) {
  forget(context);
  return SMFIS_CONTINUE;
}

}  // extern "C"

int serve(std::string socket) {
  static char name[] = "cred-milter";
  smfiDesc filter{};
  filter.xxfi_name = name;
  filter.xxfi_version = SMFI_VERSION;
  filter.xxfi_envfrom = on_sender;
  filter.xxfi_header = on_header;
  filter.xxfi_eoh = on_end_of_header;
  filter.xxfi_body = on_body;
  filter.xxfi_eom = on_end;
  filter.xxfi_abort = on_abort;
  filter.xxfi_close = on_close;
  // The socket is for the group, too; what the store writes is not.
  const mode_t before = umask(0117);
  const bool open = smfi_register(filter) == MI_SUCCESS &&
                    smfi_setconn(socket.data()) == MI_SUCCESS &&
                    smfi_opensocket(true) == MI_SUCCESS;
  (void)umask(before);
  if (!open) {
    std::fprintf(stderr, "cred-milter: cannot listen at %s\n", socket.c_str());
    return static_cast<int>(cred::Code::configuration);
  }
  return smfi_main() == MI_SUCCESS ? 0 : static_cast<int>(cred::Code::unavailable);
}

}  // namespace

int main(int argc, char** argv) {
  cred::harden_process();
  CLI::App app("Looks through outgoing mail for the passwords of its senders.", "cred-milter");
  cred::milter::Settings settings;
  std::string socket = "unix:/run/cred-milter/milter.sock";
  std::string trouble = "accept";
  app.add_option("--socket", socket, "Where the mail server asks: unix:PATH, inet:PORT@HOST")
      ->type_name("SOCKET");
  app.add_option("--config", settings.configuration, "Read this instead of " CRED_CONFIG_PATH)
      ->type_name("FILE");
  app.add_option("--realm", settings.realm, "The tenant; \"system\" unless told otherwise")
      ->type_name("NAME");
  app.add_flag("--strip-domain", settings.strip_domain, "The login alice@example.org is alice");
  app.add_option("--on-trouble", trouble, "Without the store: accept mail, or tempfail it")
      ->check(CLI::IsMember({"accept", "tempfail"}));
  app.set_version_flag("--version", "cred-milter " CRED_VERSION);
  app.footer("Example: cred-milter --socket inet:8890@127.0.0.1\nSee cred-milter(8).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(cred::Code::usage);
  }
  settings.hold_on_trouble = trouble == "tempfail";
  openlog("cred-milter", LOG_PID, LOG_MAIL);
  auto begun = cred::milter::Inspection::begin(settings);
  if (!begun) {
    std::fprintf(stderr, "cred-milter: %s\n", begun.error().message.c_str());
    syslog(LOG_ALERT, "%s", begun.error().message.c_str());
    return static_cast<int>(begun.error().code);
  }
  inspection = std::make_unique<cred::milter::Inspection>(std::move(*begun));
  return serve(socket);
}
