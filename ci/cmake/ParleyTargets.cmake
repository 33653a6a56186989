# SPDX-License-Identifier: GPL-3.0-or-later
# The project's own CMake functions. Every target gets its options through parley_defaults: no global flags.

add_library(parley_defaults INTERFACE)
target_compile_features(parley_defaults INTERFACE cxx_std_23)
target_include_directories(parley_defaults INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(parley_defaults INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                 -Wno-sign-conversion -Werror=switch)
if(PARLEY_WERROR)
  target_compile_options(parley_defaults INTERFACE -Werror)
endif()
if(PARLEY_SANITIZE)
  target_compile_options(parley_defaults INTERFACE -fsanitize=${PARLEY_SANITIZE}
                                                   -fno-sanitize-recover=all
                                                   -fno-omit-frame-pointer)
  if(PARLEY_SANITIZE MATCHES undefined)
    # A fifth of what compiling takes; what object-size sees at -O1, address sees too.
    target_compile_options(parley_defaults INTERFACE -fno-sanitize=vptr,object-size)
  endif()
  target_link_options(parley_defaults INTERFACE -fsanitize=${PARLEY_SANITIZE})
endif()

# Test programs are compiled without optimisation, in half the time with sanitizers and two thirds of it without;
# the libraries that they test keep that of the preset. Options of a target come after those of the build type.
add_library(parley_unoptimised INTERFACE)
target_compile_options(parley_unoptimised INTERFACE -O0)

# parley_library(name [ASIO] [COLD] SOURCES a.cc TESTS a_test.cc DEPS parley::base)
# Makes parley_<name> (alias parley::<name>) and one ctest entry per test file's GoogleTest case.
# ASIO: links Asio and so may have its headers precompiled. COLD: little of a run's time is spent
# in it; with sanitizers it is compiled as tests are.
function(parley_library name)
  cmake_parse_arguments(ARG "ASIO;COLD" "" "SOURCES;TESTS;DEPS;TEST_DEPS" ${ARGN})
  set(headers plain)
  if(ARG_ASIO)
    set(headers asio)
  endif()
  add_library(parley_${name} STATIC ${ARG_SOURCES})
  add_library(parley::${name} ALIAS parley_${name})
  target_link_libraries(parley_${name} PUBLIC parley_defaults ${ARG_DEPS})
  if(ARG_COLD AND PARLEY_SANITIZE)
    target_link_libraries(parley_${name} PRIVATE parley_unoptimised)
    target_precompile_headers(parley_${name} REUSE_FROM parley_precompiled_${headers}_tests)
  else()
    target_precompile_headers(parley_${name} REUSE_FROM parley_precompiled_${headers})
  endif()
  if(ARG_TESTS)
    parley_test(${name} ${headers} SOURCES ${ARG_TESTS} DEPS parley::${name} ${ARG_TEST_DEPS})
  endif()
endfunction()

# parley_test(name plain|asio SOURCES a_test.cc DEPS ...): one GoogleTest program.
function(parley_test name headers)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(parley_${name}_test ${ARG_SOURCES})
  target_link_libraries(parley_${name}_test PRIVATE parley_defaults parley_unoptimised ${ARG_DEPS}
                                                    GTest::gtest GTest::gtest_main)
  target_precompile_headers(parley_${name}_test REUSE_FROM parley_precompiled_${headers}_tests)
  target_compile_definitions(parley_${name}_test PRIVATE
    PARLEY_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PARLEY_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND parley_${name}_test)
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()

# parley_bench(name SOURCES a_bench.cc DEPS ...): one Google Benchmark program, parley_<name>_bench, that
# ci/bench runs. A ctest goes once through each, so that they do not rot; it measures nothing.
function(parley_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(parley_${name}_bench ${ARG_SOURCES})
  target_link_libraries(parley_${name}_bench PRIVATE parley_defaults ${ARG_DEPS} benchmark::benchmark
                                                     benchmark::benchmark_main)
  add_test(NAME bench_${name} COMMAND parley_${name}_bench --benchmark_min_time=0)
  set_tests_properties(bench_${name} PROPERTIES TIMEOUT 300)
endfunction()
