// /etc/pam.d as it lies on this machine.

#include "cli/doctor/pam_check.hpp"
#include "cli/doctor/subjects.hpp"
#include "base/file.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>

namespace cred::doctor {
namespace {

constexpr std::size_t most_services = 1000;

class Directory {
 public:
  Directory(const Surroundings& surroundings, Report& report)
      : root_(surroundings.root), report_(report) {}

  // What libpam takes for a service's name; editors and dpkg leave others.
  std::vector<std::string> names() const {
    std::set<std::string> names;
    for (const char* directory : {"/usr/lib/pam.d", "/etc/pam.d"}) {
      std::error_code error;
      for (std::filesystem::directory_iterator files(root_ + directory, error);
           !error && files != decltype(files)() && names.size() < most_services;
           files.increment(error)) {
        const std::string name = files->path().filename();
        const bool left = name.ends_with('~') || name.find(".dpkg-") != std::string::npos ||
                          name.find(".rpm") != std::string::npos ||
                          name.find(".pam-") != std::string::npos || name.ends_with(".bak") ||
                          name.ends_with(".orig") || name.starts_with('.');
        if (!left && !files->is_directory(error)) names.insert(name);
      }
    }
    return {names.begin(), names.end()};
  }

  std::optional<std::vector<PamLine>> read(const std::string& name) {
    if (const auto known = read_.find(name); known != read_.end()) return known->second;
    std::optional<std::vector<PamLine>> lines;
    if (name.starts_with('/')) {
      lines = parse(name);
    } else {
      lines = parse("/etc/pam.d/" + name);
      if (!lines) lines = parse("/usr/lib/pam.d/" + name);
    }
    return read_.emplace(name, std::move(lines)).first->second;
  }

 private:
  std::optional<std::vector<PamLine>> parse(const std::string& path) {
    if (access((root_ + path).c_str(), F_OK) != 0) return std::nullopt;
    const auto text = read_file(root_ + path, largest_pam_file);
    auto lines = text ? parse_pam_file(*text, path) : std::nullopt;
    if (!lines)
      report_.warning(path + " was not looked at: it " +
                          (text ? "is too long" : text.error().message),
                      text ? "shorten it" : "run credctl as root");
    return lines;
  }

  const std::string root_;
  Report& report_;
  std::map<std::string, std::optional<std::vector<PamLine>>> read_;
};

// libpam says so in the log, and takes the line for one that fails, or passes over it.
void look_for_module(const Surroundings& surroundings, const std::vector<PamLine>& lines,
                     std::set<std::string>& told, Report& report) {
  for (const PamLine& line : lines) {
    if (line.kind != PamLine::Kind::module || line.name() != "pam_cred") continue;
    std::vector<std::string> places{surroundings.root + line.module};
    if (!line.module.starts_with('/')) {
      places.clear();
      for (const auto& directory : surroundings.module_directories)
        places.push_back(surroundings.root + directory + "/" + line.module);
    }
    const bool found = std::ranges::any_of(
        places, [](const std::string& place) { return access(place.c_str(), R_OK) == 0; });
    if (!found && told.insert(line.module).second)
      report.error(line.file + ":" + std::to_string(line.number) + ": the module " + line.module +
                       " is not at " + places.front(),
                   "install libcred's pam_cred.so, or put the path right");
  }
}

}  // namespace

void look_at_pam(const Surroundings& surroundings, Report& report) {
  Directory directory(surroundings, report);
  const PamFiles files = [&](const std::string& name) { return directory.read(name); };
  std::set<std::string> included;
  std::set<std::string> told;
  std::vector<std::string> names = directory.names();
  for (const std::string& name : names)
    if (const auto lines = files(name)) {
      look_for_module(surroundings, *lines, told, report);
      for (const PamLine& line : *lines)
        if (line.kind != PamLine::Kind::module && line.kind != PamLine::Kind::broken)
          included.insert(line.module);
    }
  // What others include is no service of its own.
  std::erase_if(names, [&](const std::string& name) { return included.contains(name); });
  judge_pam(names, files, report);
}

}  // namespace cred::doctor
