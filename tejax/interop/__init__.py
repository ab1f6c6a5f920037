"""Other systems: their live objects as networks and genomes, and back."""
