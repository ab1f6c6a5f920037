"""The version, said once: the package's metadata are made from it."""

__version__ = "0.3.0"  # of the package
