"""Whose generation it is in a portfolio, block after block."""


def turns(fitness: list[list[int]], every: int, generations: int) -> list[int]:
    """The arm that plays each generation; fitness[arm][n] is the best of the n-th generation that the arm plays."""
    blocks: list[list[int]] = [[] for _ in fitness]  # the sum of each whole block
    gains = [0] * len(fitness)
    plays: list[int] = []
    while len(plays) < generations:
        young = [arm for arm, sums in enumerate(blocks) if len(sums) < 4]
        if young:
            arm = min(young, key=lambda one: len(blocks[one]))
        else:
            arm = max(range(len(blocks)), key=lambda one: (max(0, gains[one]), blocks[one][-1]))
        first = len(blocks[arm]) * every
        blocks[arm].append(sum(fitness[arm][first : first + every]))
        if len(blocks[arm]) > 1:
            gains[arm] = (gains[arm] + blocks[arm][-1] - blocks[arm][-2]) // 2
        plays += [arm] * every
    return plays[:generations]
