#pragma once

// What the test file of a chapter, or of another program that launches kernels, includes.

#include <doctest/doctest.h>

#include <deque>
#include <string>

#ifdef TUTORIAL_COMPUTE_CAPABILITY  // defined by CMake for the chapter's test file; test_main.cpp has the default
/// The least compute capability that the chapter's kernels need (90 is 9.0).
int chapter_compute_capability() { return TUTORIAL_COMPUTE_CAPABILITY; }
#endif

/// Declares which TODOs a test case needs: it is red while one of them is open, and the others do not matter to it. The
/// build checks that this is exactly so.
///
///     TEST_CASE("1.4 a point outside the map adds nothing" * needs("1.1 1.2 1.5"))
struct needs : doctest::description {
  explicit needs(const char* todos) : doctest::description(text(todos)) {}

 private:
  // doctest keeps the pointer, so the text stays where it is for as long as the program runs.
  static const char* text(const char* todos) {
    static std::deque<std::string> texts;
    return texts.emplace_back(std::string("needs TODO ") + todos).c_str();
  }
};
