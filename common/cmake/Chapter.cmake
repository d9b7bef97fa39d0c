# tutorial_chapter(<NN_name> PREVIOUS <NN_name|none> WORKLOAD <name> COMPUTE_CAPABILITY <x.y> LIMITS <name=value>...
#                  [TUNED_FOR <sm_NN>] [BOXES_A_POINT <count>])
#
# Makes a chapter's programs and tests from chapters/NN_name (test.cpp, kernel.cu, bugs/*.cu, variants/*.cu,
# ablation/*.cu, and test_page.py where the page has a hand trace to check) and solutions/NN_name (kernel.cu). PREVIOUS
# is the chapter to compare with, none where a part begins. LIMITS are the resource gates of the reference, on every
# architecture, or on the one whose number of registers its launch bounds are made for. BOXES_A_POINT: how many boxes
# the kernel asks of the TMA unit for each point that it samples (see bench/chapter.h).
#
#   chNN                 tests of the reader's kernel; chNN_given: of <build>/given/NN_name/kernel.cu
#   chNN_solution        tests of the reference
#   chNN_skeleton[_K]    tests of the skeleton, with all TODOs open or only TODO NN.K
#   chNN_bug_NAME        tests of a broken kernel, which must fail as it declares
#   chNN_variant_NAME    tests of another right kernel
#   chNN_bench           measures the reference and the previous reference
#   chNN_compare         measures the reader's kernel, too; chNN_given_compare: the given one
#   chNN_sweep           measures the reference in all its configurations (a kernel file may register several)
#   chNN_ablation_NAME   measures ablation/NAME.cu in all its configurations
#   chNN_trace           what the reader's kernel does when; chNN_solution_trace, chNN_given_trace

set(tools ${PROJECT_SOURCE_DIR}/common/cmake)
add_custom_target(skeletons)
add_custom_target(pictures)  # the timelines of all pages, drawn again

function(tutorial_chapter name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PREVIOUS;WORKLOAD;COMPUTE_CAPABILITY;TUNED_FOR;BOXES_A_POINT" "LIMITS")
  if(NOT arg_BOXES_A_POINT)
    set(arg_BOXES_A_POINT 0)
  endif()
  string(REGEX MATCH "^[0-9][0-9]" number ${name})
  set(ch ch${number})
  set(chapter ${PROJECT_SOURCE_DIR}/chapters/${name})
  set(solution ${PROJECT_SOURCE_DIR}/solutions/${name}/kernel.cu)
  set(cut ${Python3_EXECUTABLE} -B ${tools}/skeleton.py ${solution})
  architectures_from(${arg_COMPUTE_CAPABILITY} architectures)
  architectures_for_tests(test_architectures ${architectures})

  # Kernels. Each is compiled on its own, so that one that does not compile harms no other program.
  macro(kernel suffix file variant)
    tutorial_kernel(${ch}_kernel_${suffix} ${file} ${variant} ${ARGN} LIBRARIES ${arg_WORKLOAD})
  endmacro()
  if(NOT EXISTS ${chapter}/kernel.cu)  # deleted by its owner: the skeleton again
    execute_process(COMMAND ${cut} ${chapter}/kernel.cu --chapter ${name} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  kernel(yours ${chapter}/kernel.cu yours MEASURED ARCHITECTURES ${architectures})
  kernel(solution ${solution} reference MEASURED ARCHITECTURES ${architectures})
  set(given ${PROJECT_BINARY_DIR}/given/${name}/kernel.cu)
  if(NOT EXISTS ${given})
    file(WRITE ${given} "")
  endif()
  kernel(given ${given} given MEASURED ARCHITECTURES ${architectures})
  set(previous)
  if(NOT arg_PREVIOUS STREQUAL "none")
    kernel(previous ${PROJECT_SOURCE_DIR}/solutions/${arg_PREVIOUS}/kernel.cu previous
           MEASURED ARCHITECTURES ${architectures})
    set(previous ${ch}_kernel_previous_measured)
  endif()

  # The chapter's tests, compiled once, linked with each kernel.
  add_library(${ch}_tests OBJECT ${chapter}/test.cpp)
  string(REPLACE "." "" capability ${arg_COMPUTE_CAPABILITY})
  target_compile_definitions(${ch}_tests PRIVATE TUTORIAL_COMPUTE_CAPABILITY=${capability})
  target_link_libraries(${ch}_tests PUBLIC ${arg_WORKLOAD} test_main)
  macro(test_program target kernel)
    add_executable(${target})
    target_link_libraries(${target} PRIVATE ${kernel} ${ch}_tests ${arg_WORKLOAD} test_main)
  endmacro()
  macro(labelled_test test label)
    add_test(NAME ${test} COMMAND ${ARGN})
    set_tests_properties(${test} PROPERTIES LABELS ${label} SKIP_RETURN_CODE 77 TIMEOUT 1200)
    # What these show, they show in as many schedules as a reader runs.
    if("${label}" MATCHES "_(skeleton|bugs|variants)$")
      set_tests_properties(${test} PROPERTIES ENVIRONMENT TUTORIAL_SCHEDULES=20)
    endif()
    if(TUTORIAL_MACHINE STREQUAL "cuda")  # one at a time: the watchdog measures how long waits take
      set_tests_properties(${test} PROPERTIES RESOURCE_LOCK gpu)
    endif()
  endmacro()
  test_program(${ch} ${ch}_kernel_yours)
  test_program(${ch}_given ${ch}_kernel_given)
  set_target_properties(${ch} ${ch}_given PROPERTIES EXCLUDE_FROM_ALL ON)
  labelled_test(${ch} ${ch} ${ch})
  test_program(${ch}_solution ${ch}_kernel_solution)
  labelled_test(${ch}_solution ${ch}_solution ${ch}_solution)

  # Skeletons: cut from the solution, red in exactly the declared cases.
  set(skeletons ${PROJECT_BINARY_DIR}/skeletons/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${solution})
  execute_process(COMMAND ${cut} --chapter ${name} --list OUTPUT_VARIABLE todos COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" todos "${todos}")
  macro(skeleton suffix file only open)
    add_custom_command(OUTPUT ${skeletons}/${file}
      DEPENDS ${solution} ${tools}/skeleton.py ${PROJECT_SOURCE_DIR}/common/markers.py
      COMMAND ${cut} ${skeletons}/${file} --chapter ${name} ${only} COMMENT "Cutting ${name}/${file}")
    add_custom_target(${ch}_cut_${suffix} DEPENDS ${skeletons}/${file})
    add_dependencies(skeletons ${ch}_cut_${suffix})
    if(TUTORIAL_MACHINE STREQUAL "emulator")
      set(strict -Wno-unused -Werror)
    else()
      set(strict -Xcompiler=-Wno-unused -diag-suppress=177,550 -Werror=all-warnings)
    endif()
    kernel(${suffix} ${skeletons}/${file} skeleton ARCHITECTURES ${test_architectures} OPTIONS ${strict})
    test_program(${ch}_${suffix} ${ch}_kernel_${suffix})
    labelled_test(${ch}_${suffix} ${ch}_skeleton
      ${Python3_EXECUTABLE} -B ${tools}/check_red_set.py $<TARGET_FILE:${ch}_${suffix}> --open ${open})
  endmacro()
  skeleton(skeleton kernel.cu "" all)
  foreach(todo IN LISTS todos)
    string(REGEX REPLACE "^[0-9]+\\." "" step ${todo})
    skeleton(skeleton_${step} kernel_${step}.cu "--open;${step}" ${todo})
  endforeach()
  labelled_test(${ch}_drift ${ch}_skeleton
    ${Python3_EXECUTABLE} -B ${tools}/check_drift.py --skeleton ${skeletons}/kernel.cu --reader ${chapter}/kernel.cu)

  # Broken variants: each must be caught under the name that it declares.
  file(GLOB bugs CONFIGURE_DEPENDS ${chapter}/bugs/*.cu)
  foreach(bug IN LISTS bugs)
    cmake_path(GET bug STEM stem)
    kernel(bug_${stem} ${bug} bug ARCHITECTURES ${test_architectures})
    test_program(${ch}_bug_${stem} ${ch}_kernel_bug_${stem})
    labelled_test(${ch}_bug_${stem} ${ch}_bugs ${Python3_EXECUTABLE} -B ${tools}/check_bug.py
      $<TARGET_FILE:${ch}_bug_${stem}> --source ${bug} --solution ${solution} --machine ${TUTORIAL_MACHINE})
  endforeach()

  # Variants that the page measures against the reference: right as well.
  file(GLOB variants CONFIGURE_DEPENDS ${chapter}/variants/*.cu)
  foreach(variant IN LISTS variants)
    cmake_path(GET variant STEM stem)
    kernel(variant_${stem} ${variant} variant ARCHITECTURES ${test_architectures})
    test_program(${ch}_variant_${stem} ${ch}_kernel_variant_${stem})
    labelled_test(${ch}_variant_${stem} ${ch}_variants ${ch}_variant_${stem})
  endforeach()

  # The page's hand trace.
  if(TUTORIAL_MACHINE STREQUAL "emulator" AND EXISTS ${chapter}/test_page.py)
    labelled_test(${ch}_page docs ${Python3_EXECUTABLE} -B ${chapter}/test_page.py)
  endif()

  # Measurements.
  macro(benchmark_program target main)
    add_executable(${target} ${PROJECT_SOURCE_DIR}/common/bench/chapter_${main}.cpp)
    target_compile_definitions(${target} PRIVATE TUTORIAL_COMPUTE_CAPABILITY=${capability}
                               TUTORIAL_BOXES_A_POINT=${arg_BOXES_A_POINT})
    target_link_libraries(${target} PRIVATE ${ARGN} ${arg_WORKLOAD}_measure)
  endmacro()
  benchmark_program(${ch}_bench bench ${ch}_kernel_solution_measured ${previous})
  benchmark_program(${ch}_sweep sweep ${ch}_kernel_solution_measured)
  benchmark_program(${ch}_compare bench ${ch}_kernel_yours_measured ${ch}_kernel_solution_measured ${previous})
  benchmark_program(${ch}_given_compare bench ${ch}_kernel_given_measured ${ch}_kernel_solution_measured ${previous})
  set_target_properties(${ch}_compare ${ch}_given_compare PROPERTIES EXCLUDE_FROM_ALL ON)

  # Timelines.
  macro(trace_program target kernel)
    add_executable(${target} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/common/trace/chapter_trace.cpp)
    target_compile_definitions(${target} PRIVATE TUTORIAL_COMPUTE_CAPABILITY=${capability})
    target_link_libraries(${target} PRIVATE ${kernel} ${arg_WORKLOAD}_trace)
  endmacro()
  trace_program(${ch}_trace ${ch}_kernel_yours_traced)
  trace_program(${ch}_given_trace ${ch}_kernel_given_traced)
  trace_program(${ch}_solution_trace ${ch}_kernel_solution_traced)
  if(TUTORIAL_MACHINE STREQUAL "emulator" AND EXISTS ${chapter}/README.md)
    file(STRINGS ${chapter}/README.md timelines REGEX "^<!-- timeline:")
    if(timelines)  # then the page's pictures are checked
      set_target_properties(${ch}_solution_trace PROPERTIES EXCLUDE_FROM_ALL OFF)
      set(drawn_of ${chapter}/README.md ${solution})
      set(pictures ${Python3_EXECUTABLE} -B ${tools}/pictures.py)
      labelled_test(${ch}_pictures docs ${pictures} --check ${drawn_of} $<TARGET_FILE:${ch}_solution_trace>)
      add_custom_target(${ch}_draw COMMAND ${pictures} ${drawn_of} $<TARGET_FILE:${ch}_solution_trace>)
      add_dependencies(pictures ${ch}_draw)
    endif()
  endif()

  # Kernels with their parts left out, one at a time, to see what each costs; the whole kernel is the first
  # configuration.
  file(GLOB ablations CONFIGURE_DEPENDS ${chapter}/ablation/*.cu)
  foreach(ablation IN LISTS ablations)
    cmake_path(GET ablation STEM stem)
    kernel(ablation_${stem} ${ablation} ablation MEASURED ARCHITECTURES ${test_architectures})
    benchmark_program(${ch}_ablation_${stem} sweep ${ch}_kernel_ablation_${stem}_measured)
    test_program(${ch}_ablation_${stem}_whole ${ch}_kernel_ablation_${stem})
    labelled_test(${ch}_ablation_${stem} ${ch}_variants ${ch}_ablation_${stem}_whole)
  endforeach()

  if(TUTORIAL_MACHINE STREQUAL "cuda")
    string(REPLACE ";" " " limits "${arg_LIMITS}")
    set(on)
    if(arg_TUNED_FOR)
      set(on --on ${arg_TUNED_FOR})
    endif()
    labelled_test(${ch}_gates gates ${Python3_EXECUTABLE} -B ${tools}/check_resources.py
      --object $<TARGET_OBJECTS:${ch}_kernel_solution_measured>
      --compile-commands ${PROJECT_BINARY_DIR}/compile_commands.json --limits ${limits} ${on})
  endif()

  # What the lab needs to know.
  set(title)
  if(EXISTS ${chapter}/README.md)
    file(STRINGS ${chapter}/README.md title REGEX "^# " LIMIT_COUNT 1)
    string(REGEX REPLACE "^# +([0-9]+ *[:.·-]* *)?" "" title "${title}")
  endif()
  string(REPLACE "none" "" previous_name ${arg_PREVIOUS})
  string(CONCAT entry
    "  {\"number\": \"${number}\", \"name\": \"${name}\", \"title\": \"${title}\", "
    "\"previous\": \"${previous_name}\", \"workload\": \"${arg_WORKLOAD}\", "
    "\"compute_capability\": \"${arg_COMPUTE_CAPABILITY}\"},\n")
  set_property(GLOBAL APPEND_STRING PROPERTY tutorial_chapters "${entry}")
endfunction()

# Writes <build>/chapters.json, the one list of chapters that the lab reads.
function(tutorial_finish)
  get_property(chapters GLOBAL PROPERTY tutorial_chapters)
  string(REGEX REPLACE ",\n$" "\n" chapters "${chapters}")
  file(WRITE ${PROJECT_BINARY_DIR}/chapters.json "[\n${chapters}]\n")
  if(TUTORIAL_MACHINE STREQUAL "emulator")
    foreach(made tables gallery)  # pages, or parts of them, that tools write
      add_test(NAME ${made} COMMAND ${Python3_EXECUTABLE} -B ${tools}/${made}.py --root ${PROJECT_SOURCE_DIR} --check)
      set_tests_properties(${made} PROPERTIES LABELS docs)
    endforeach()
    # Where the numbers in the other parts are from.
    add_test(NAME claims COMMAND ${Python3_EXECUTABLE} -B ${tools}/check_claims.py --root ${PROJECT_SOURCE_DIR})
    set_tests_properties(claims PROPERTIES LABELS docs)
  endif()
endfunction()
