"""Data sets: loaders, files, the encoding of numbers as trits, pictures that are moved."""
