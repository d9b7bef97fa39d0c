#pragma once

/// The example of a findings page: launches its kernel on 64 ints, `input` holding 0, 1, 2, ...
void run(int* output, const int* input);
