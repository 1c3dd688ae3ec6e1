"""The native library in C++17 and what calls it: training steps and predictions; no network is known here."""
