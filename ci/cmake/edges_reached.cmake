# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -DPROGRAM=… -DCORPUS=… -DEDGES=… -P edges_reached.cmake: runs a libFuzzer target once over its corpus and asks that
# it reaches that many edges: a corpus that rots, or code that is no longer instrumented, is noticed.
execute_process(COMMAND "${PROGRAM}" -runs=0 -timeout=20 "${CORPUS}"
                RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${said}")
endif()
string(REGEX MATCHALL "cov: [0-9]+" reached "${said}")
if(NOT reached)
  message(FATAL_ERROR "no edge was counted: is anything instrumented?\n${said}")
endif()
list(GET reached -1 reached)
string(REPLACE "cov: " "" reached "${reached}")
if(reached LESS EDGES)
  message(FATAL_ERROR "the corpus reaches ${reached} edges, not ${EDGES}")
endif()
message(STATUS "${reached} edges, at least ${EDGES} expected")
