# SPDX-License-Identifier: GPL-3.0-or-later
# Fuzz targets and the list of them that `parley fuzz` reads.

separate_arguments(PARLEY_ENGINE_PARTS UNIX_COMMAND "${PARLEY_FUZZING_ENGINE}")
set(PARLEY_ENGINE_COUNTS OFF)
if(PARLEY_FUZZING_ENGINE STREQUAL "-fsanitize=fuzzer")
  set(PARLEY_ENGINE_COUNTS ON)
endif()

# What runs beside a target is a tool: no counters to lead the fuzzer on, no sanitizers to slow it down, whatever the flags
# of all are.
add_library(parley_uninstrumented INTERFACE)
if(PARLEY_FUZZING_ENGINE)
  target_compile_options(parley_uninstrumented INTERFACE
    -fno-sanitize=all -fno-sanitize-coverage=trace-pc-guard,inline-8bit-counters,trace-pc,trace-cmp,pc-table -O2)
endif()

# parley_fuzz_target(name DEPS parley::xml
#                    [ORACLE "what must hold"] [USES expat pugixml] [CORPUS other]
#                    [SOURCES harness/engine/transcript.cc]
#                    [MUTATOR xml | MUTATOR "r=signal x=bytes"] [DICTIONARY xml] [EDGES 900])
# fuzz/targets/<name>_fuzz.cc. With PARLEY_REPLAYS a build replays corpora/<name>/ (or that of another target, CORPUS) as a
# ctest; PARLEY_FUZZING_ENGINE is linked instead, and where that is libFuzzer the ctest asks that the corpus reaches EDGES edges.
# SOURCES: files of a floor that is too high to be built whole for a fuzzer; a replay links the floor.
# USES: the libraries of others whose code the target runs. MUTATOR: one of fuzz/mutators, or one for each first octet
# of the input (fuzz/mutators/choice.h). DICTIONARY: corpora/dictionaries/<name>.dict.
function(parley_fuzz_target name)
  # PARSE_ARGV: a text may hold a semicolon.
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "ORACLE;CORPUS;MUTATOR;DICTIONARY;EDGES" "DEPS;SOURCES;USES")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "parley_fuzz_target(${name}): what is ${ARG_UNPARSED_ARGUMENTS}?")
  endif()
  if(NOT ARG_CORPUS)
    set(ARG_CORPUS ${name})
  endif()
  set(corpus "${PROJECT_SOURCE_DIR}/corpora/${ARG_CORPUS}")
  add_executable(fuzz_${name} ${name}_fuzz.cc)
  target_link_libraries(fuzz_${name} PRIVATE parley_defaults ${ARG_DEPS})
  if(PARLEY_FUZZING_ENGINE)
    list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/)
    target_sources(fuzz_${name} PRIVATE ${ARG_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE ${PARLEY_ENGINE_PARTS} parley::record fmt::fmt)
    target_precompile_headers(fuzz_${name} REUSE_FROM parley_precompiled_plain)
    target_sources(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/sanitizer_options.cc)
    if(ARG_MUTATOR)
      target_link_libraries(fuzz_${name} PRIVATE parley::record_mutator)
      parley_fuzz_mutator(fuzz_${name} "${ARG_MUTATOR}")
    endif()
    if(ARG_EDGES AND PARLEY_ENGINE_COUNTS)
      add_test(NAME edges_${name} COMMAND ${CMAKE_COMMAND}
        -DPROGRAM=$<TARGET_FILE:fuzz_${name}> -DCORPUS=${corpus} -DEDGES=${ARG_EDGES}
        -P ${PROJECT_SOURCE_DIR}/ci/cmake/edges_reached.cmake)
      set_tests_properties(edges_${name} PROPERTIES TIMEOUT 300 LABELS fuzz)
    endif()
  else()
    list(TRANSFORM ARG_SOURCES REPLACE "harness/([a-z]+)/.*" "parley::\\1" OUTPUT_VARIABLE floors)
    list(REMOVE_DUPLICATES floors)
    target_link_libraries(fuzz_${name} PRIVATE parley_unoptimised parley::replay fmt::fmt ${floors})
    target_precompile_headers(fuzz_${name} REUSE_FROM parley_precompiled_plain_tests)
    if(PARLEY_REPLAYS)
      add_test(NAME corpus_${name} COMMAND fuzz_${name} ${corpus})
      set_tests_properties(corpus_${name} PROPERTIES TIMEOUT 120)
    else()
      set_target_properties(fuzz_${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endif()
  # For fuzz/planted, which builds some targets once more.
  set_property(GLOBAL PROPERTY PARLEY_FUZZ_DEPS_${name} ${ARG_DEPS})
  set_property(GLOBAL PROPERTY PARLEY_FUZZ_MUTATOR_${name} "${ARG_MUTATOR}")
  parley_fuzz_listed(${name} "${corpus}" "${ARG_MUTATOR}" "${ARG_DICTIONARY}" "${ARG_EDGES}" "${ARG_ORACLE}" "${ARG_USES}")
endfunction()

# Lets `program` mutate its inputs by the one mutator, or as fuzz/mutators/choice.h says.
function(parley_fuzz_mutator program mutator)
  target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/mutators/entry.cc)
  target_compile_definitions(${program} PRIVATE "PARLEY_MUTATOR=\"${mutator}\"")
  target_link_libraries(${program} PRIVATE parley::mutators)
endfunction()

# A JSON string, or null for nothing.
function(parley_json_text out text)
  if(text STREQUAL "")
    set(${out} null PARENT_SCOPE)
    return()
  endif()
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

# One line of the list.
function(parley_fuzz_listed name corpus mutator dictionary edges oracle uses)
  if(dictionary)
    set(dictionary "${PROJECT_SOURCE_DIR}/corpora/dictionaries/${dictionary}.dict")
  endif()
  if(NOT edges)
    set(edges 0)
  endif()
  set(versions)
  foreach(library IN LISTS uses)
    # "expat_2.5.0-1+deb12u2" where it is built from its source, else the name.
    get_property(version GLOBAL PROPERTY PARLEY_VERSION_${library})
    parley_json_text(version "${library}${version}")
    list(APPEND versions "${version}")
  endforeach()
  list(JOIN versions ", " versions)
  foreach(field corpus mutator dictionary oracle)
    parley_json_text(${field} "${${field}}")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY PARLEY_FUZZ_TARGETS ${name})
  set_property(GLOBAL PROPERTY PARLEY_FUZZ_TARGET_${name}
    "{\"name\": \"${name}\", \"program\": \"$<TARGET_FILE:fuzz_${name}>\", \"replay\": \"${PROJECT_SOURCE_DIR}/build/asan/fuzz/targets/fuzz_${name}\", \"corpus\": ${corpus}, \"dictionary\": ${dictionary}, \"mutator\": ${mutator}, \"edges\": ${edges}, \"oracle\": ${oracle}, \"dependencies\": [${versions}]}")
endfunction()

# Writes fuzz/targets.json into the build folder: an array, in order of name. The target fuzz_targets builds them all.
function(parley_fuzz_manifest)
  get_property(names GLOBAL PROPERTY PARLEY_FUZZ_TARGETS)
  list(SORT names)
  list(TRANSFORM names PREPEND fuzz_ OUTPUT_VARIABLE programs)
  add_custom_target(fuzz_targets DEPENDS ${programs})
  set(lines)
  foreach(name IN LISTS names)
    get_property(line GLOBAL PROPERTY PARLEY_FUZZ_TARGET_${name})
    # Not a list of CMake's: a text may hold what separates its items.
    if(lines)
      string(APPEND lines ",\n")
    endif()
    string(APPEND lines " ${line}")
  endforeach()
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/fuzz/targets.json" CONTENT "[\n${lines}\n]\n")
endfunction()
