"""The colony's rules, by the specification's worked examples."""

import dataclasses

import pytest

from tejax.interop.colony import ROOT, AnchorRing, Colony, Limits, Rating, Reference, Result, Submission

LIMITS = Limits(max_nodes=100, window=30, miners=5, harvest=50, first_tick=1000, ticks=500)
A, B = 1, 2


class Node:
    """Brings submissions, each in a tick of its own."""

    def __init__(self, **limits):
        self.colony, self.tick = Colony(dataclasses.replace(LIMITS, **limits)), 1040

    def bring(self, identity, shift, error, parent=ROOT, age=5):
        self.tick += 1
        reference = Reference(self.tick, 0)
        anchor = self.tick - age
        child = Submission(identity, self.tick, parent, reference, anchor, Rating(shift, error))
        return self.colony.submit(child).result, reference


@pytest.mark.parametrize(
    ("identity", "rating", "age", "result"),
    [
        (A, (2, 239), 5, Result.VALID),
        (A, (2, 240), 5, Result.NOT_BETTER_THAN_PARENT),
        (A, (3, 400), 5, Result.VALID),
        (A, (1, 10), 5, Result.NOT_BETTER_THAN_PARENT),
        (B, (3, 100), 5, Result.WRONG_TREE),
        (B, (3, 100), 31, Result.STALE),
        (A, (2, 239), 30, Result.VALID),
        (A, (2, 239), 0, Result.VALID),
        (A, (2, 239), -1, Result.STALE),
    ],
)
def test_a_child_of_a_record(identity, rating, age, result):
    node = Node()
    _, parent = node.bring(A, 2, 240)
    assert node.bring(identity, *rating, parent, age)[0] == result


@pytest.mark.parametrize(("rating", "result"), [((0, 302), 0), ((0, 303), 5), ((1, 671), 0)])
def test_a_child_of_a_root(rating, result):
    assert Node().bring(A, *rating)[0] == result


def test_siblings_form_chains():
    node = Node()
    _, first = node.bring(A, 1, 100)
    node.bring(B, 1, 100)
    node.bring(A, 1, 100)
    node.bring(A, 1, 90, first)
    node.bring(A, 1, 100)
    node.bring(A, 1, 80, first)
    assert [record.sibling for record in node.colony.records] == [None, None, 0, None, 2, 3]
    assert [record.depth for record in node.colony.records] == [1, 1, 1, 2, 1, 2]


def test_the_best_are_harvested_and_the_earlier_of_equals_is_in_front():
    node = Node(harvest=3)
    for shift, error in ((0, 300), (0, 290), (0, 300), (0, 300), (1, 250), (0, 295)):
        node.bring(A, shift, error)
    assert [entry.slot for entry in node.colony.harvest] == [2, 1, 0]
    assert [entry.submission.rating for entry in node.colony.harvest] == [(1, 250), (0, 290), (0, 295)]


def test_what_a_full_store_does():
    node = Node(max_nodes=1, harvest=2)
    node.bring(A, 0, 300)
    result, reference = node.bring(A, 1, 100)
    assert result == Result.VALID_NOT_STORED
    assert len(node.colony.harvest) == 2
    assert not node.colony.knows(reference)
    assert node.bring(A, 2, 100, reference)[0] == Result.PARENT_NOT_REGISTERED


def test_limits_of_children_miners_ticks_and_replays():
    node = Node(max_children=1, miners=1)
    _, parent = node.bring(A, 0, 300)
    assert node.bring(A, 0, 299)[0] == Result.MAX_CHILDREN
    assert node.bring(A, 0, 299, parent)[0] == Result.VALID
    assert node.bring(A, 0, 298, parent)[0] == Result.MAX_CHILDREN
    assert node.bring(B, 0, 299)[0] == Result.MINER_INDEX_FULL
    free = Node()
    child = Submission(A, 7, ROOT, Reference(1041, 0), 1040, Rating(0, 1))
    assert free.colony.submit(child).result == Result.VALID
    assert free.colony.submit(child._replace(reference=Reference(1042, 0))).result == Result.REPLAY
    late = child._replace(nonce=8, reference=Reference(1500, 0), anchor=1490)
    assert free.colony.submit(late).result == Result.TICK_OUT_OF_RANGE


def test_keys_of_ratings():
    assert Rating(3, 225).ranking_key == 4294705377
    assert Rating(3, 225).digest == 196833
    assert Rating(3, 65537).ranking_key == Rating(3, 1).ranking_key


def test_the_ring_forgets():
    ring = AnchorRing(64)
    ring.record(1000, "x")
    assert ring.find(1000) == "x"
    assert ring.find(1064) is None
    ring.record(1064, "y")
    assert ring.find(1000) is None
    assert ring.find(2**32 - 1) is None
