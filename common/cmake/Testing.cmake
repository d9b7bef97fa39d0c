# Entries of the test suite.

# tutorial_tests(<name> LABEL <label> SOURCES ... LIBRARIES ...): a doctest program and its ctest entry.
function(tutorial_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  # Kernels first, here and in the chapters' programs: where an inline function has copies with and without access
  # hooks, the linker takes the first one that it meets.
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} SKIP_RETURN_CODE 77)
endfunction()

# tutorial_python_tests(<label> <folder> <top>): the unittest tests of a folder.
function(tutorial_python_tests label folder top)
  add_test(NAME ${label}_python COMMAND ${Python3_EXECUTABLE} -B -m unittest discover -s ${folder} -t ${top})
  set_tests_properties(${label}_python PROPERTIES LABELS ${label})
endfunction()
