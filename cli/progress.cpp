#include "cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr auto between_drawings = std::chrono::milliseconds(200);
constexpr int bar_width = 24;

std::string time_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " min";
}

}  // namespace

Progress::Progress(std::string what, std::string unit)
    : what_(std::move(what)), unit_(std::move(unit)), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_ != Clock::time_point{}) std::fputs("\r\033[K", stderr);
}

void Progress::update(std::uint64_t count, std::uint64_t done, std::uint64_t total) {
  const auto now = Clock::now();
  if (!terminal_ || now - drawn_ < between_drawings) return;
  drawn_ = now;
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - start_).count());
  const double rate = static_cast<double>(count) / seconds;
  if (total == 0) {
    std::fprintf(stderr, "\r\033[K%s: %llu %s, %.0f a second", what_.c_str(),
                 static_cast<unsigned long long>(count), unit_.c_str(), rate);
    return;
  }
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const int full = static_cast<int>(share * bar_width);
  const std::string bar = std::string(static_cast<std::size_t>(full), '#') +
                          std::string(static_cast<std::size_t>(bar_width - full), '.');
  const std::string left = share > 0 ? time_text(seconds / share * (1 - share)) : "?";
  std::fprintf(stderr, "\r\033[K%s [%s] %3.0f %%, %.0f %s a second, %s left", what_.c_str(),
               bar.c_str(), share * 100, rate, unit_.c_str(), left.c_str());
}

}  // namespace cred::cli
