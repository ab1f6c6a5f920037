"""Engines for GPUs, written in Pallas."""
