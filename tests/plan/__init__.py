"""Tests of the modules of planning."""
