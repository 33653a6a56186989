# SPDX-License-Identifier: GPL-3.0-or-later
# Debian packages (ci/packages); nothing is downloaded, but by the preset fuzz: the sources of what it instruments.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
# Its .pc file names jansson, whose own comes with libjansson-dev.
pkg_check_modules(cjose REQUIRED IMPORTED_TARGET cjose)
if(PARLEY_INSTRUMENTED)
  add_subdirectory(fuzz/dependencies)
else()
  find_package(EXPAT REQUIRED)
  find_package(LibXml2 REQUIRED)
  find_package(pugixml REQUIRED)
  pkg_check_modules(libsignal REQUIRED IMPORTED_TARGET libsignal-protocol-c)
endif()
find_path(VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)

# Boost.Asio is compiled once, in net/asio.cc: every file that only uses it stays quick to build.
add_library(parley_asio INTERFACE)
target_compile_definitions(parley_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_include_directories(parley_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_link_libraries(parley_asio INTERFACE Threads::Threads OpenSSL::SSL OpenSSL::Crypto)

# Precompiled headers: with and without Asio, for the program and for the tests.
function(parley_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS" ${ARGN})
  add_library(parley_precompiled_${name} OBJECT ci/cmake/precompiled.cc)
  target_link_libraries(parley_precompiled_${name} PRIVATE parley_defaults fmt::fmt ${ARG_DEPS})
  target_precompile_headers(parley_precompiled_${name} PRIVATE ${ARG_HEADERS})
endfunction()
parley_precompiled(plain HEADERS ci/cmake/precompiled.h)
parley_precompiled(plain_tests HEADERS ci/cmake/precompiled.h <gtest/gtest.h> DEPS parley_unoptimised GTest::gtest)
parley_precompiled(asio HEADERS ci/cmake/precompiled_asio.h DEPS parley_asio)
parley_precompiled(asio_tests HEADERS ci/cmake/precompiled_asio.h <gtest/gtest.h>
                   DEPS parley_unoptimised parley_asio GTest::gtest)
