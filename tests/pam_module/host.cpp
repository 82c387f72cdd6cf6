#include "host.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <security/pam_ext.h>

namespace {

thread_local std::vector<std::string> log_lines;

void note_log(int priority, const char* format, va_list values) {
  char text[2048];
  (void)std::vsnprintf(text, sizeof text, format, values);
  log_lines.push_back("<" + std::to_string(priority) + "> " + text);
}

}  // namespace

// In place of libpam's, for the module looks in the program first.
extern "C" __attribute__((visibility("default"))) void pam_vsyslog(const pam_handle_t*,
                                                                   int priority, const char* format,
                                                                   va_list values) {
  note_log(priority, format, values);
}
extern "C" __attribute__((visibility("default"))) void pam_syslog(const pam_handle_t*, int priority,
                                                                  const char* format, ...) {
  va_list values;
  va_start(values, format);
  note_log(priority, format, values);
  va_end(values);
}

std::vector<std::string> taken_log() { return std::exchange(log_lines, {}); }

Host::Host(const std::string& stack, const char* user, const char* service) {
  std::ofstream(directory_.path() + "/" + service) << stack;
  std::ofstream(directory_.path() + "/other") << stack;
  const pam_conv conversation{&Host::converse, this};
  const int code =
      pam_start_confdir(service, user, &conversation, directory_.path().c_str(), &pamh_);
  if (code != PAM_SUCCESS) throw std::runtime_error("pam_start_confdir");
  union {
    void (*function)(int, unsigned, void*);
    const void* item;
  } delay{&Host::delayed};
  (void)pam_set_item(pamh_, PAM_FAIL_DELAY, delay.item);
}

Host::~Host() { (void)pam_end(pamh_, result_.code); }

Result Host::run(const std::function<int(pam_handle_t*)>& call, std::deque<Answer> answers) {
  answers_ = std::move(answers);
  result_ = {};
  (void)taken_log();
  result_.code = call(pamh_);
  result_.log = taken_log();
  return result_;
}

Result Host::authenticate(std::deque<Answer> answers, int flags) {
  return run([=](pam_handle_t* h) { return pam_authenticate(h, flags); }, std::move(answers));
}

Result Host::account(int flags) {
  return run([=](pam_handle_t* h) { return pam_acct_mgmt(h, flags); });
}

Result Host::change(std::deque<Answer> answers, int flags) {
  return run([=](pam_handle_t* h) { return pam_chauthtok(h, flags); }, std::move(answers));
}

int Host::converse(int count, const pam_message** messages, pam_response** responses, void* self) {
  Host& host = *static_cast<Host*>(self);
  if (count != 1) return PAM_CONV_ERR;
  const pam_message& message = **messages;
  static const char* const styles[] = {"?", "ask: ", "echo: ", "error: ", "info: "};
  host.result_.said.push_back(std::string(styles[message.msg_style]) + message.msg);
  *responses = nullptr;
  if (message.msg_style == PAM_ERROR_MSG || message.msg_style == PAM_TEXT_INFO) return PAM_SUCCESS;
  Answer answer = Answer::failing(PAM_CONV_ERR);
  if (host.blind_) {
    answer = Answer(*host.blind_);
  } else if (!host.answers_.empty()) {
    answer = host.answers_.front();
    host.answers_.pop_front();
  }
  if (answer.code != PAM_SUCCESS) {
    // A failed conversation may leave anything behind.
    *responses = reinterpret_cast<pam_response*>(std::uintptr_t{0x10});
    if (std::string_view(message.msg) == "login:") *responses = nullptr;
    return answer.code;
  }
  auto* response = static_cast<pam_response*>(std::calloc(1, sizeof(pam_response)));
  if (answer.text) response->resp = strdup(answer.text->c_str());
  *responses = response;
  return PAM_SUCCESS;
}

void Host::delayed(int, unsigned microseconds, void* self) {
  static_cast<Host*>(self)->result_.delay = microseconds;
}

std::string stack_of(const std::string& module, const std::string& arguments) {
  std::string lines;
  for (const char* type : {"auth", "account", "password", "session"})
    lines += std::string(type) + " required " + module + " " + arguments + "\n";
  return lines;
}

std::string stack(const ScriptedCredd& credd, const std::string& arguments) {
  return stack_of(PAM_CRED, "socket=" + credd.socket() + " " + arguments);
}

namespace {

bool others_sleep() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(gettid())) continue;
    const std::string stat = file_text(task.path() / "stat");
    const auto state = stat.rfind(") ");
    if (state != stat.npos && stat[state + 2] != 'S') return false;
  }
  return true;
}

// A child has the locks of the other threads as they are, and nobody to open them: a
// sanitizer's allocator would wait for ever.
void wait_until_others_sleep() {
  constexpr int in_a_row = 3;
  for (int seen = 0, i = 0; seen < in_a_row && i < 5000; ++i) {
    seen = others_sleep() ? seen + 1 : 0;
    (void)usleep(1000);
  }
}

}  // namespace

Result in_child(const std::function<Result()>& body, std::optional<unsigned> uid) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe");
  wait_until_others_sleep();
  const pid_t child = fork();
  if (child == 0) {
    (void)close(ends[0]);
    // No destructor of the test process may run here.
    if (uid && *uid != getuid() && setresuid(*uid, geteuid(), geteuid()) != 0) _exit(1);
    const Result result = body();
    std::string text =
        "c" + std::to_string(result.code) + "\nd" + std::to_string(result.delay) + "\n";
    for (const std::string& line : result.said) text += "s" + line + "\n";
    for (const std::string& line : result.log) text += "l" + line + "\n";
    _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  (void)close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  (void)close(ends[0]);
  int status = 0;
  (void)waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("the child ended with " + std::to_string(status));
  Result result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string rest = line.substr(1);
    if (line[0] == 'c') result.code = std::stoi(rest);
    if (line[0] == 'd') result.delay = static_cast<unsigned>(std::stoul(rest));
    if (line[0] == 's') result.said.push_back(rest);
    if (line[0] == 'l') result.log.push_back(rest);
  }
  return result;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

bool mentions(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++count;
  }
  return count;
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

long status_number(const std::string& field) {
  std::istringstream lines(file_text("/proc/self/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  return -1;
}
