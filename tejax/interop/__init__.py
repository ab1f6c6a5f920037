"""Other people's systems: their live objects into networks and genomes, and back."""
