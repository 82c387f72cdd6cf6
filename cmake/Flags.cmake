# Warnings and hardening, as one interface target that every target links.
add_library(cred_flags INTERFACE)
target_compile_options(cred_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Werror -fstack-protector-strong -fstack-clash-protection -fcf-protection)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang 14 takes these two for unused when it only links.
  target_compile_options(cred_flags INTERFACE -Wno-unused-command-line-argument)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 at -O3 takes "text" + std::string for a copy onto itself (its bug 105651).
  target_compile_options(cred_flags INTERFACE $<$<CONFIG:Release>:-Wno-restrict>)
endif()
target_link_options(cred_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)

# Everything but pam_cred.so may run under sanitizers; a sanitizer's runtime has
# no place in sshd.
add_library(cred_runtime_flags INTERFACE)
target_link_libraries(cred_runtime_flags INTERFACE cred_flags)
if(CRED_SANITIZE)
  target_compile_options(cred_runtime_flags INTERFACE
    -fsanitize=${CRED_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -Wno-maybe-uninitialized)  # instrumentation makes GCC see ghosts
  target_link_options(cred_runtime_flags INTERFACE -fsanitize=${CRED_SANITIZE})
else()
  # The sanitizers check what FORTIFY checks, and the two do not mix.
  target_compile_definitions(cred_runtime_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(CRED_FUZZ)
  target_compile_options(cred_runtime_flags INTERFACE -Wno-unknown-warning-option)
  target_compile_options(cred_runtime_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
