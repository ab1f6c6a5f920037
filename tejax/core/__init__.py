"""The alphabet: random bits, pytrees, packed trits, integer losses, strict records."""
