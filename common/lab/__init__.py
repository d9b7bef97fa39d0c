"""The reader's command line: drives CMake targets and ctest, and holds no second truth beside the build's outputs."""
