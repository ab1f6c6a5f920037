"""Slow, obvious NumPy versions of what tejax computes."""
