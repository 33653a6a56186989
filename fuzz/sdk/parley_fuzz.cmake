# SPDX-License-Identifier: Apache-2.0
# For your own project, with clang:
#
#   include(/path/to/parley/fuzz/sdk/parley_fuzz.cmake)
#   parley_fuzz_parser(mine FORMAT xml SOURCES fuzz_mine.c LIBRARIES mylib)
#
# makes fuzz_mine (libFuzzer, with Parley's mutator, dictionary and record of the last input), replay_mine (runs files and folders, needs
# no fuzzer) and fuzz_targets.json, which `parley fuzz run --targets build/fuzz_targets.json mine` takes. fuzz_mine.c
# defines parley_fuzz_parse() (parley_fuzz.h). What LIBRARIES names should be instrumented too, or the fuzzer is blind there:
#
#   parley_fuzz_instrument(mylib)
#
# FORMAT: xml, stanza (XMPP streams), binary_xml, protobuf, json, jwt, http, signal, octets. Corpus and dictionary are those of Parley's own targets.
include_guard(GLOBAL)
get_filename_component(PARLEY_FUZZ_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(PARLEY_FUZZ_SANITIZERS "address,undefined" CACHE STRING "Sanitizers of what is fuzzed")

function(parley_fuzz_instrument target)
  target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,${PARLEY_FUZZ_SANITIZERS}
                                           -fno-omit-frame-pointer -g -fno-sanitize-recover=all)
  target_link_options(${target} INTERFACE -fsanitize=${PARLEY_FUZZ_SANITIZERS})
endfunction()

# Mutators, tree oracle and record, once a project.
function(parley_fuzz_libraries)
  if(TARGET parley_fuzz_sdk)
    return()
  endif()
  if(NOT CMAKE_CXX_COMPILER)
    message(FATAL_ERROR "parley_fuzz_parser needs C++ beside C, in which its mutators are written: project(... LANGUAGES C CXX)")
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "parley_fuzz_parser needs clang, whose libFuzzer it links: configure with CC=clang CXX=clang++ (this is ${CMAKE_CXX_COMPILER})")
  endif()
  find_package(EXPAT REQUIRED)
  set(mutators ${PARLEY_FUZZ_ROOT}/fuzz/mutators)
  file(STRINGS ${mutators}/CMakeLists.txt lines REGEX "\\.cc")
  string(REGEX MATCHALL "[a-z0-9_]+\\.cc" names "${lines}")
  list(FILTER names EXCLUDE REGEX "_test\\.cc$|entry")
  list(REMOVE_DUPLICATES names)
  list(TRANSFORM names PREPEND ${mutators}/)
  # Beside the parser they are tools: without counters, which would lead the fuzzer on.
  add_library(parley_fuzz_sdk STATIC ${names} ${PARLEY_FUZZ_ROOT}/fuzz/sdk/tree.cc ${PARLEY_FUZZ_ROOT}/fuzz/sdk/record.c)
  target_compile_features(parley_fuzz_sdk PUBLIC cxx_std_23)
  target_compile_options(parley_fuzz_sdk PRIVATE -O2)
  target_include_directories(parley_fuzz_sdk PUBLIC ${PARLEY_FUZZ_ROOT})
  target_link_libraries(parley_fuzz_sdk PUBLIC EXPAT::EXPAT)
endfunction()

# What a format has of Parley's: mutator, corpus, dictionary.
function(parley_fuzz_format format out)
  set(known "xml|xml|xml_reader|xml" "stanza|xml|stanza|xml" "binary_xml|binary_tree|binary_xml|" "protobuf|protobuf|content|"
            "json|json|json_tree|" "jwt|jose|jwt|" "http|http|http_reader|" "signal|signal|signal_message|" "octets|octets||")
  foreach(row IN LISTS known)
    if(row MATCHES "^${format}\\|")
      string(REPLACE "|" ";" fields "${row}")
      set(${out} "${fields}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "parley_fuzz_parser: FORMAT '${format}' is none of xml, stanza, binary_xml, protobuf, json, jwt, http, signal, octets")
endfunction()

function(parley_fuzz_parser name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "FORMAT" "SOURCES;LIBRARIES")
  if(NOT ARG_SOURCES OR NOT ARG_FORMAT OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "parley_fuzz_parser(name FORMAT xml SOURCES file.c [LIBRARIES lib]): FORMAT and SOURCES must be there (${ARG_UNPARSED_ARGUMENTS})")
  endif()
  parley_fuzz_libraries()
  parley_fuzz_format(${ARG_FORMAT} fields)
  list(GET fields 1 mutator)
  list(GET fields 2 corpus)
  list(GET fields 3 dictionary)
  set(sdk ${PARLEY_FUZZ_ROOT}/fuzz/sdk)

  add_library(parley_fuzz_${name} STATIC ${ARG_SOURCES})
  parley_fuzz_instrument(parley_fuzz_${name})
  target_include_directories(parley_fuzz_${name} PRIVATE ${sdk})
  target_link_libraries(parley_fuzz_${name} PUBLIC ${ARG_LIBRARIES})

  add_executable(fuzz_${name} ${sdk}/target.cc ${PARLEY_FUZZ_ROOT}/fuzz/mutators/entry.cc ${sdk}/record_mutator.c)
  target_compile_definitions(fuzz_${name} PRIVATE "PARLEY_MUTATOR=\"${mutator}\"")
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,${PARLEY_FUZZ_SANITIZERS}
                      -Wl,--wrap=LLVMFuzzerTestOneInput -Wl,--wrap=LLVMFuzzerCustomMutator
                      -Wl,--wrap=LLVMFuzzerCustomCrossOver)
  add_executable(replay_${name} ${sdk}/target.cc ${PARLEY_FUZZ_ROOT}/fuzz/replay_main.cc)
  target_link_options(replay_${name} PRIVATE -fsanitize=${PARLEY_FUZZ_SANITIZERS} -fsanitize-coverage=0)
  foreach(program fuzz_${name} replay_${name})
    target_link_libraries(${program} PRIVATE parley_fuzz_${name} parley_fuzz_sdk)
  endforeach()

  set(seeds "${CMAKE_CURRENT_BINARY_DIR}/corpus_${name}")
  file(MAKE_DIRECTORY ${seeds})
  if(corpus)
    set(seeds "${PARLEY_FUZZ_ROOT}/corpora/${corpus}")
  endif()
  set(oracle "it does not crash, hang or grow; with --leaks, not leak either")
  if(ARG_FORMAT MATCHES "^(xml|stanza)$")
    set(oracle "where it says its tree: what your parser takes expat takes too, and both read the same")
  endif()
  set(words null)
  if(dictionary)
    set(words "\"${PARLEY_FUZZ_ROOT}/corpora/dictionaries/${dictionary}.dict\"")
  endif()
  set_property(GLOBAL APPEND_STRING PROPERTY PARLEY_FUZZ_LINES
    ",\n {\"name\": \"${name}\", \"program\": \"$<TARGET_FILE:fuzz_${name}>\", \"replay\": \"$<TARGET_FILE:replay_${name}>\", \"corpus\": \"${seeds}\", \"dictionary\": ${words}, \"mutator\": \"${mutator}\", \"edges\": 0, \"oracle\": \"${oracle}\"}")
  get_property(lines GLOBAL PROPERTY PARLEY_FUZZ_LINES)
  string(SUBSTRING "${lines}" 2 -1 lines)
  set_property(GLOBAL PROPERTY PARLEY_FUZZ_LIST "[\n${lines}\n]\n")
  parley_fuzz_write_later()
endfunction()

# The list is written once all parsers are known.
function(parley_fuzz_write_later)
  get_property(planned GLOBAL PROPERTY PARLEY_FUZZ_PLANNED)
  if(NOT planned)
    set_property(GLOBAL PROPERTY PARLEY_FUZZ_PLANNED ON)
    cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL parley_fuzz_write)
  endif()
endfunction()

function(parley_fuzz_write)
  get_property(list GLOBAL PROPERTY PARLEY_FUZZ_LIST)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/fuzz_targets.json CONTENT "${list}")
endfunction()
