"""Fingerprints of what `exact_items` computes, the same on every device.

Written by `python -m tejax.testing.exactness --record`. Bits that change are a broken promise to those who noted a
seed: if it is meant, say so in the commit.
"""

RECORD: dict[str, str] = {}
