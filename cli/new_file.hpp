// A file that a command makes: new, for its owner alone; removed again unless it is kept.
#pragma once

#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace cred::cli {

class NewFile {
 public:
  // Where it cannot be made, `there` is false and errno says why.
  explicit NewFile(std::string path) : path_(std::move(path)) {
    const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) file_ = fdopen(fd, "w");
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (file_ == nullptr) return;
    (void)std::fclose(file_);
    if (!kept_) (void)unlink(path_.c_str());
  }
  bool there() const { return file_ != nullptr; }
  // False: errno says why.
  bool write(std::string_view bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }
  bool keep() {
    kept_ = std::fflush(file_) == 0 && fsync(fileno(file_)) == 0;
    return kept_;
  }

 private:
  const std::string path_;
  std::FILE* file_ = nullptr;
  bool kept_ = false;
};

}  // namespace cred::cli
