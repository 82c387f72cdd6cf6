// A store of its own for tests of the public interface, which read a configuration's file.
#pragma once

#include "engine/engine.hpp"
#include "support/temporary.hpp"

#include <fstream>
#include <string>

namespace cred::test {

class Site {
 public:
  explicit Site(const std::string& more = {}) {
    std::ofstream(configuration) << "[store]\nurl = \"sqlite:" << (directory / "store/cred.db")
                                 << "\"\n[keys]\nroot = \"file:" << (directory / "root.key")
                                 << "\"\n[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n"
                                 << "[broker]\nsocket = \"" << socket << "\"\n"
                                 << more;
    value_or_throw(engine::Engine::initialise(load()));
  }
  engine::Configuration load() const {
    return value_or_throw(engine::load_configuration(configuration));
  }

  TemporaryDirectory directory;
  const std::string configuration = directory / "cred.conf";
  const std::string socket = directory / "credd.sock";
};

}  // namespace cred::test
