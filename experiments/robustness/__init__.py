"""What tejax does with what it should never be given: bad values, hostile files, kills, broken compilers."""
