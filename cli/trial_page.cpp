#include "cli/trial_page.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::cli {
namespace {

// Nothing is loaded or run, whatever a name in the page says.
constexpr const char* head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Trial of a password policy</title>
<style>
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --soft: #55565e;
  --line: #d5d6dc; --bar: #7da3d8; --alone: #1f4e92; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --paper: #17181c;
  --soft: #b0b2bc; --line: #3b3d46; --bar: #4a70a8; --alone: #b8d4ff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid var(--line); }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
small, p.note { color: var(--soft); } th small { display: block; font-weight: 400; }
.bar { display: block; min-width: 8rem; height: 1.1rem; margin-top: .2rem;
  border: 1px solid var(--line); }
.bar i, .bar b { display: block; height: 100%; } .bar i { background: var(--bar); }
.bar b { background: var(--alone); }
.key { display: inline-block; width: .9em; height: .9em; border: 1px solid var(--line);
  vertical-align: -.1em; }
</style>
</head>
<body>
)";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      case '\'': safe += "&#39;"; break;
      default: safe += c;
    }
  }
  return safe;
}

std::string width(std::uint64_t part, std::uint64_t whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%",
                whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string fact(const char* name, const std::string& value) {
  return std::string("<dt>") + name + "</dt><dd>" + escaped(value) + "</dd>\n";
}

// Of all passwords; what the rule alone refuses lies darker in what it refuses.
std::string bar(const TrialRow& row, std::uint64_t total) {
  return "<span class=\"bar\" role=\"img\" aria-label=\"" +
         escaped(row.rule + " refused " + share_text(row.refused, total) + ", alone " +
                 share_text(row.alone, total)) +
         "\"><i style=\"width:" + width(row.refused, total) +
         "\"><b style=\"width:" + width(row.alone, row.refused) + "\"></b></i></span>";
}

std::string cell(const std::string& number) { return "<td class=\"n\">" + number + "</td>"; }

std::string rules_table(const PolicyTrial& trial) {
  std::string html =
      "<div class=\"wide\"><table>\n<caption>What each rule refused</caption>\n<thead><tr>"
      "<th scope=\"col\">Rule</th><th scope=\"col\">Of all passwords</th>"
      "<th scope=\"col\" class=\"n\">Refused</th><th scope=\"col\" class=\"n\">Share</th>"
      "<th scope=\"col\" class=\"n\">Alone</th></tr></thead>\n<tbody>\n";
  for (const auto& row : trial.rows()) {
    if (!row.asked) continue;
    html += "<tr><th scope=\"row\">" + escaped(row.rule) + "<small>" + escaped(row.requirement) +
            "</small></th><td>" + bar(row, trial.total()) + "</td>" +
            cell(std::to_string(row.refused)) + cell(share_text(row.refused, trial.total())) +
            cell(std::to_string(row.alone)) + "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string rejects_table(const PolicyTrial& trial) {
  if (trial.not_passwords().empty()) return {};
  std::string html =
      "<table>\n<caption>Lines that are no password</caption>\n<thead><tr>"
      "<th scope=\"col\">Reason</th><th scope=\"col\" class=\"n\">Lines</th></tr></thead>\n"
      "<tbody>\n";
  for (const auto& [reason, lines] : trial.not_passwords())
    html += "<tr><td>" + escaped(reason) + "</td>" + cell(std::to_string(lines)) + "</tr>\n";
  return html + "</tbody></table>\n";
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& beside) : path_(beside + ".new-XXXXXX") {
    fd_ = mkostemp(path_.data(), O_CLOEXEC);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ < 0) return;
    (void)close(fd_);
    if (!in_place_) (void)unlink(path_.c_str());
  }
  bool put(const std::string& text) const {
    if (fd_ < 0) return false;
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = write(fd_, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return fsync(fd_) == 0;
  }
  bool rename_to(const std::string& target) {
    in_place_ = rename(path_.c_str(), target.c_str()) == 0;
    return in_place_;
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool in_place_ = false;
};

}  // namespace

std::string trial_page(const PolicyTrial& trial, const TrialTitle& title) {
  std::string html = head;
  html += "<h1>Trial of a password policy</h1>\n<dl>\n" + fact("Policy", title.policy) +
          fact("Realm", title.realm);
  if (!title.account.empty()) html += fact("Account", title.account);
  html += fact("Date", title.date) + fact("Passwords", std::to_string(trial.total())) +
          fact("Accepted", std::to_string(trial.accepted()) + " (" +
                               share_text(trial.accepted(), trial.total()) + ")") +
          fact("Refused", std::to_string(trial.refused()) + " (" +
                              share_text(trial.refused(), trial.total()) + ")") +
          "</dl>\n" + rules_table(trial) +
          "<p class=\"note\"><span class=\"key\" style=\"background:var(--bar)\"></span> refused "
          "by the rule; <span class=\"key\" style=\"background:var(--alone)\"></span> by it alone, "
          "and taken without it. A password may break several rules.</p>\n" +
          rejects_table(trial);
  const auto left_out = trial.not_asked();
  if (!left_out.empty()) {
    std::string names;
    for (const auto& rule : left_out) names += (names.empty() ? "" : ", ") + rule;
    html += "<p class=\"note\">Not asked: " + escaped(names) + ".</p>\n";
  }
  return html + "</body>\n</html>\n";
}

Expected<void> write_whole(const std::string& path, const std::string& text) {
  struct stat there {};
  // Renaming would replace a device or a pipe by a file.
  if (stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
    return fail(Code::usage, path + " is no regular file; name a file to write");
  TemporaryFile file(path);
  if (file.put(text) && file.rename_to(path)) return {};
  return fail(Code::unavailable, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace cred::cli
