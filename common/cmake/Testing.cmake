# Entries of the test suite.

# tutorial_tests(<name> LABEL <label> SOURCES ... LIBRARIES ...): a doctest program and its ctest entry.
function(tutorial_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE test_main ${arg_LIBRARIES})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} SKIP_RETURN_CODE 77)
endfunction()

# tutorial_python_tests(<label> <folder> <top>): the unittest tests of a folder.
function(tutorial_python_tests label folder top)
  add_test(NAME ${label}_python COMMAND ${Python3_EXECUTABLE} -B -m unittest discover -s ${folder} -t ${top})
  set_tests_properties(${label}_python PROPERTIES LABELS ${label})
endfunction()
