# The compilers and libraries of the chosen machine, and how kernel files are compiled for it.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "This project is compiled with g++ 12 or newer, and the C++ compiler here is "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} (${CMAKE_CXX_COMPILER}): install g++-12 and configure a "
    "fresh build folder with -DCMAKE_CXX_COMPILER=g++-12.")
endif()

find_package(doctest REQUIRED)
find_package(benchmark REQUIRED)
find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter)

# Flags of this project's own C++ code.
add_library(project_options INTERFACE)
target_compile_options(project_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic>)
target_include_directories(project_options INTERFACE ${PROJECT_SOURCE_DIR}/common)

# Flags of kernel files.
add_library(kernel_options INTERFACE)
target_link_libraries(kernel_options INTERFACE project_options)

if(TUTORIAL_MACHINE STREQUAL "emulator")
  find_package(Boost CONFIG REQUIRED COMPONENTS context)
  target_compile_definitions(project_options INTERFACE GPU_IS_REAL=0)
  # The compile contract of kernel files. -fsanitize=thread puts a call before each memory access, -fsanitize=alignment
  # one where an address does not fit its type; the emulator defines what is called. The others keep the compiler from
  # removing, merging or inventing accesses: -O1 in every build type, no reasoning from types (kernels read halves as
  # uint4), mem* calls stay calls (Ubuntu's g++ checks and then inlines them by default: _FORTIFY_SOURCE), endless loops
  # stay loops.
  target_compile_options(kernel_options INTERFACE
    -O1 -g -fsanitize=thread --param=tsan-distinguish-volatile=1 --param=tsan-instrument-func-entry-exit=0
    -fsanitize=alignment -fno-strict-aliasing -fno-finite-loops
    -fno-builtin-memcpy -fno-builtin-memset -fno-builtin-memmove -U_FORTIFY_SOURCE
    -Wno-unknown-pragmas -Wno-psabi -Wno-attributes)
elseif(TUTORIAL_MACHINE STREQUAL "cuda")
  if(NOT CMAKE_CUDA_COMPILER)
    find_program(nvcc nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda/bin)
    if(NOT nvcc)
      message(FATAL_ERROR "The cuda machine needs nvcc 13.0 or newer, and there is none on the PATH or in "
        "/usr/local/cuda/bin: install the CUDA toolkit, or use the emulator (cmake --preset emulator).")
    endif()
    set(CMAKE_CUDA_COMPILER ${nvcc})
  endif()
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE nvcc_says)
  string(REGEX MATCH "release ([0-9.]+)" _ "${nvcc_says}")
  if(CMAKE_MATCH_1 VERSION_LESS 13.0)
    message(FATAL_ERROR "This project is tested with CUDA 13.0 and newer, and ${CMAKE_CUDA_COMPILER} is of CUDA "
      "${CMAKE_MATCH_1}: install a newer toolkit, or use the emulator (cmake --preset emulator).")
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${TUTORIAL_CUDA_ARCHITECTURES})
  set(CMAKE_CUDA_STANDARD 17)
  enable_language(CUDA)
  set(CMAKE_CUDA_STANDARD 20)
  if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know yet that nvcc has it
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  find_package(CUDAToolkit REQUIRED)
  target_compile_definitions(project_options INTERFACE GPU_IS_REAL=1)
  target_include_directories(project_options SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_options(kernel_options INTERFACE -Xcompiler=-Wall,-Wextra -lineinfo --expt-relaxed-constexpr)
else()
  message(FATAL_ERROR "TUTORIAL_MACHINE is \"${TUTORIAL_MACHINE}\": it is emulator or cuda.")
endif()

# The entries of the one architecture list that have at least a compute capability.
function(architectures_from capability result)
  string(REPLACE "." "" least ${capability})
  set(chosen)
  foreach(architecture IN LISTS TUTORIAL_CUDA_ARCHITECTURES)
    string(REGEX MATCH "^[0-9]+" number ${architecture})
    if(number GREATER_EQUAL least)
      list(APPEND chosen ${architecture})
    endif()
  endforeach()
  if(NOT chosen)
    message(FATAL_ERROR "TUTORIAL_CUDA_ARCHITECTURES (${TUTORIAL_CUDA_ARCHITECTURES}) names no architecture of compute "
      "capability ${capability} or higher, which a chapter needs: add one, 90a-real for example.")
  endif()
  set(${result} ${chosen} PARENT_SCOPE)
endfunction()

# The compute capability of the first GPU here, without its point: 90. Empty without a GPU.
set(capability_here)
if(TUTORIAL_MACHINE STREQUAL "cuda")
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader --id=0
    OUTPUT_VARIABLE nvidia_smi_says ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0 AND nvidia_smi_says MATCHES "^([0-9]+)\\.([0-9]+)")
    set(capability_here ${CMAKE_MATCH_1}${CMAKE_MATCH_2})
  endif()
endif()

# architectures_for_tests(<result> <architecture>...): of these the one of the GPU that is here, because kernels that
# only this machine's tests run need no code for others. All of them where the GPU is another; the first where there is
# none, to see that it compiles.
function(architectures_for_tests result)
  set(chosen ${ARGN})
  if(capability_here)
    list(FILTER chosen INCLUDE REGEX "^${capability_here}[^0-9]*$")
    if(NOT chosen)
      set(chosen ${ARGN})
    endif()
  else()
    list(GET ARGN 0 chosen)
  endif()
  set(${result} ${chosen} PARENT_SCOPE)
endfunction()

# tutorial_kernel(<target> <kernel file> <variant> [MEASURED] [ARCHITECTURES ...] [LIBRARIES ...] [OPTIONS ...]): an
# object library with one kernel file, compiled for this machine and registered under a variant's name. It is for tests:
# on a GPU with the watchdog (gpu/watchdog.h). MEASURED also makes <target>_measured, for benchmarks and resource gates:
# without it; and <target>_traced, for timelines: with it, and with records of what the kernel does (gpu/trace.h).
function(tutorial_kernel target file variant)
  cmake_parse_arguments(PARSE_ARGV 3 arg "MEASURED" "" "ARCHITECTURES;LIBRARIES;OPTIONS")
  macro(kernel_library name)
    add_library(${name} OBJECT ${file})
    target_link_libraries(${name} PRIVATE kernel_options ${arg_LIBRARIES})
    target_compile_options(${name} PRIVATE ${arg_OPTIONS})
    target_compile_definitions(${name} PRIVATE TUTORIAL_VARIANT="${variant}")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)  # built where a program needs it
    if(arg_ARCHITECTURES)
      set_target_properties(${name} PROPERTIES CUDA_ARCHITECTURES "${arg_ARCHITECTURES}")
    endif()
  endmacro()
  kernel_library(${target})
  if(TUTORIAL_MACHINE STREQUAL "emulator")
    set_source_files_properties(${file} PROPERTIES LANGUAGE CXX)
    if(arg_MEASURED)
      add_library(${target}_measured ALIAS ${target})  # no second compilation where there is no watchdog
      add_library(${target}_traced ALIAS ${target})    # the emulator records by itself
    endif()
  else()
    target_compile_definitions(${target} PRIVATE TUTORIAL_WATCHDOG=1)
    if(arg_MEASURED)
      kernel_library(${target}_measured)
      kernel_library(${target}_traced)
      target_compile_definitions(${target}_traced PRIVATE TUTORIAL_WATCHDOG=1 TUTORIAL_TRACE=1)
    endif()
  endif()
endfunction()
