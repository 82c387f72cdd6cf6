// Finds and loads cred-postgres.so.

#include "store/driver.hpp"

#include <array>
#include <climits>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

namespace cred::store {
namespace {

// The directory of the program or library that this code is linked into.
std::string own_directory() {
  Dl_info info{};
  void* found = nullptr;
  const void* here = reinterpret_cast<const void*>(&own_directory);
  if (dladdr1(here, &info, &found, RTLD_DL_LINKMAP) == 0 || found == nullptr) return {};
  std::string path = static_cast<const link_map*>(found)->l_name;
  if (path.empty()) {
    std::array<char, PATH_MAX> program{};
    const ssize_t length = readlink("/proc/self/exe", program.data(), program.size());
    if (length <= 0) return {};
    path.assign(program.data(), static_cast<std::size_t>(length));
  }
  return path.substr(0, path.rfind('/') + 1);
}

Driver& load() {
  // An installation may be moved as a whole, and is not always installed.
  const std::string name = "/cred/cred-postgres.so";
  const std::string own = own_directory();
  std::string path = own + "../" CRED_RELATIVE_LIBDIR + name;
  if (own.empty() || access(path.c_str(), F_OK) != 0) path = CRED_LIBDIR + name;
  if (access(path.c_str(), F_OK) != 0)
    throw Failure(Code::configuration, "a store at postgresql:// needs " + path +
                                           ", which is not installed (package cred-postgres)");
  void* object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (object == nullptr) {
    const char* why = dlerror();
    throw Failure(Code::configuration,
                  "cannot load " + path + ": " + (why != nullptr ? why : "unknown"));
  }
  const auto entry = reinterpret_cast<DriverEntry>(dlsym(object, driver_entry));
  Driver* driver = entry != nullptr ? entry(driver_interface, CRED_VERSION) : nullptr;
  if (driver == nullptr)
    throw Failure(Code::configuration,
                  path + " belongs to another version of libcred than " CRED_VERSION +
                      ": install both from one package");
  return *driver;
}

}  // namespace

Driver& postgres_driver() {
  static Driver& driver = load();
  return driver;
}

}  // namespace cred::store
