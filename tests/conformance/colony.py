"""Replays the traces of the colony: ratings, admission, storing, harvest, the ring, and trees of real networks."""

from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax import networks, tasks
from tejax.core.fitness import LEAST
from tejax.core.frames import ENDLESS
from tejax.interop import colony
from tejax.interop.colony import Colony, Limits, Rating, Reference, Result, Submission
from tejax.interop.walk import walk
from tejax.networks.lookup import changes, from_digits
from tejax.strategies import _trees
from tests.conformance.autonomous import circuit, digits
from tests.conformance.golden import Counts, same

FIRST_RESULTS = [*range(2, 13), 0, 1]  # the order of the counters


def limits(data):
    return Limits(
        data["max_nodes"],
        data["max_children_per_parent"],
        data["publish_window"],
        data["miner_index_capacity"],
        data["harvest_size"],
        data["initial_tick"],
        data["epoch_ticks"],
        data["error_threshold"],
    )


def submission(data, row, rating):
    def pair(name):
        return Reference(int(data[f"sub_{name}_tick"][row]), int(data[f"sub_{name}_index"][row]))

    identity, nonce, anchor = (int(data[f"sub_{name}"][row]) for name in ("identity", "nonce_id", "anchor_tick"))
    return Submission(identity, nonce, pair("parent"), pair("self"), anchor, rating)


def replay_ratings(data):
    """Comparisons of pairs."""
    for row in range(len(data["a_error"])):
        a, b = (Rating(int(data[f"{name}_shift"][row]), int(data[f"{name}_error"][row])) for name in "ab")
        found = {
            "a_is_valid": a.valid,
            "a_better_than_b": a.better(b),
            "a_not_worse_than_b": a.not_worse(b),
            "a_error_worse_or_equal_b": a.error >= b.error,
            "a_clears_floor": a.clears(int(data["threshold"][row])),
            "a_digest_value": a.digest,
            "a_ranking_key": a.ranking_key,
        }
        for name, value in found.items():
            assert int(value) == int(data[name][row]), f"{name} of row {row}"
    return Counts(len(data["a_error"]), 0)


def _store(data, kept, counts):
    """The store, the harvest and the counters at the end."""
    rows = {child.reference: row for row, child in enumerate(kept.rows)}
    for number, record in enumerate(kept.colony.records):
        child = record.submission
        found = {
            "identity": child.identity,
            "nonce_id": child.nonce,
            "parent_tick": child.parent.tick,
            "parent_index": child.parent.place,
            "self_tick": child.reference.tick,
            "self_index": child.reference.place,
            "error": child.rating.error,
            "shift": child.rating.shift,
            "anchor_tick": child.anchor,
            "depth": record.depth,
            "next_sibling": -1 if record.sibling is None else record.sibling,
            "submission": rows[child.reference],
        }
        for name, value in found.items():
            assert value == data[f"record_{name}"][number], f"{name} of record {number}"
    assert len(kept.colony.records) == len(data["record_error"])
    harvest = kept.colony.harvest
    same([entry.slot for entry in harvest], data["harvest_slot"], "harvest_slot")
    same([entry.depth for entry in harvest], data["harvest_depth"], "harvest_depth")
    same([entry.submission.identity for entry in harvest], data["harvest_identity"], "harvest_identity")
    same([entry.submission.rating.error for entry in harvest], data["harvest_error"], "harvest_error")
    same([entry.submission.rating.shift for entry in harvest], data["harvest_shift"], "harvest_shift")
    if "harvest_submission" in data:
        same([rows[entry.submission.reference] for entry in harvest], data["harvest_submission"], "harvest_submission")
    deepest = max((record.depth for record in kept.colony.records), default=0)
    wanted = [*(counts[result] for result in FIRST_RESULTS), deepest, len(kept.colony.records)]
    same(wanted, data["counters"], "counters")


class Kept:
    """A colony, and what was brought to it in order."""

    def __init__(self, data):
        self.colony, self.rows = Colony(limits(data)), []


def replay_rules(data):
    """Invented ratings through parent look-up and admission; and the ring."""
    kept, counts = Kept(data), Counter()
    for row in range(len(data["sub_result"])):
        child = submission(data, row, Rating(int(data["sub_shift"][row]), int(data["sub_error"][row])))
        kept.rows.append(child)
        assert kept.colony.children(child.identity, child.parent) == data["sub_child_count"][row]
        verdict = kept.colony.submit(child)
        counts[int(verdict.result)] += 1
        assert verdict.result == data["sub_result"][row], f"result of submission {row}"
        assert (-1 if verdict.record is None else verdict.record) == data["sub_record"][row]
    _store(data, kept, counts)
    _on_arrays(data, kept)
    ring = colony.AnchorRing(data["anchor_ring_size"])
    for number, (what, tick) in enumerate(zip(data["ring_op"], data["ring_tick"].tolist(), strict=True)):
        if what == 0:
            ring.record(tick, number + 1)
            continue
        value = ring.find(tick)
        assert (value is not None) == bool(data["ring_hit"][number])
        assert (value or 0) == data["ring_value"][number]
    return Counts(len(kept.rows), 0)


JUDGED = {Result.VALID, Result.VALID_NOT_STORED}
REFUSED = {Result.BELOW_THRESHOLD, Result.NOT_BETTER_THAN_PARENT, Result.MAX_CHILDREN}


def _on_arrays(data, kept):
    """The same by the rule of the strategy, of all that no other check has refused."""
    shift, error = (np.asarray(data[f"sub_{name}"], np.int64) for name in ("shift", "error"))
    order = (shift << 33) - error  # an int64 in the order of ratings
    ranks, floor = np.unique(order), -data["error_threshold"]
    trees, room, size = int(data["sub_identity"].max()) + 1, data["max_nodes"], data["harvest_size"]
    limits = _trees.Limits(data["max_children_per_parent"], int(np.searchsorted(ranks, floor)))
    judge = jax.jit(partial(_trees.admit, limits))
    nodes, harvested = _trees.planted(trees, trees + room), jnp.full(size, LEAST, jnp.int32)
    fruits = np.full(size, -1)
    numbers = {record.submission.reference: trees + number for number, record in enumerate(kept.colony.records)}
    for row, (child, result) in enumerate(zip(kept.rows, map(Result, data["sub_result"].tolist()), strict=True)):
        if result not in JUDGED | REFUSED:
            continue
        parent = child.identity if child.parent == colony.ROOT else numbers[child.parent]
        fitness = np.searchsorted(ranks, order[row])
        found = _trees.Child(*(jnp.asarray([each], jnp.int32) for each in (parent, fitness, nodes.fitness[parent])))
        verdicts = judge(nodes, harvested, found)
        nodes, harvested = verdicts.nodes, verdicts.harvest.fitness
        record = int(data["sub_record"][row])
        assert int(verdicts.place[0]) == trees + (room if record == -1 else record), f"place of submission {row}"
        fruits = np.concatenate([fruits, [row]])[np.asarray(verdicts.harvest.source)]
    harvest = [kept.rows[fruit] for fruit in fruits if fruit >= 0]
    assert harvest == [entry.submission for entry in kept.colony.harvest]


class Tree:
    """The whole of a colony with real networks."""

    def __init__(self, data):
        self.data, self.kept, self.counts, self.ticks = data, Kept(data), Counter(), 0
        self.network = networks.Autonomous(data["population"], data["control_index"], data["output_index"])
        targets = from_digits(data["targets"].astype(np.int8))
        self.task = tasks.emission(targets, data["window_width"], data["shift_cap"], data["max_ticks"])
        self.roots = [
            circuit(*(data[f"root_{part}"][number] for part in ("start", "wiring", "lut")))
            for number in range(len(data["root_lut"]))
        ]
        self.networks, self.seen, self.ring = [], set(), colony.AnchorRing(data["anchor_ring_size"])
        self.recorded = data["anchor_first_tick"]

    def child(self, row, parent):
        """The walk of a submission: (rating, network), or (None, None) for a nonce that is not canonical."""
        data = self.data
        kind, second, explore = (int(data[f"sub_nonce{byte}"][row]) for byte in range(3))
        many, mode = second % 16, second // 16 % 4
        canonical = kind == 1 and 1 <= many <= 10 and mode >= 1 and second < 64 and explore <= data["n_mutations"]
        if not canonical:
            return None, None
        start, shift = (self.roots[data["sub_identity"][row]], 0)
        if parent is not None:
            start, shift = self.networks[self.kept.colony.records.index(parent)], parent.submission.rating.shift
        drawn = changes.by_word(data["sub_mutation_words"][row][:, :many], changes.PARTS[mode - 1], data["population"])
        drawn = changes.Change(*map(jnp.asarray, drawn))
        end, steps = walk(
            self.network, self.task, start, drawn, part=changes.PARTS[mode - 1], explore=explore, shift=shift
        )
        self.ticks += int(np.asarray(steps.rating.ticks).sum())
        error = int(end.best_rating.error)
        return (None, None) if error == ENDLESS else (Rating(int(end.best_rating.shift), error), end.best)

    def submit(self, row):
        """One submission, in the order of section 3: (result, rating, network)."""
        child = submission(self.data, row, None)
        self.record_anchors(child.reference.tick)
        triple = child.identity, child.nonce, child.parent
        if triple in self.seen:
            return Result.REPLAY, None, None, None
        self.seen.add(triple)
        if child.parent != colony.ROOT and child.parent.tick >= child.reference.tick:
            return Result.PARENT_NOT_REGISTERED, None, None, None
        if not self.kept.colony.knows(child.parent):
            return Result.PARENT_NOT_REGISTERED, None, None, None
        if self.ring.find(child.anchor) is None:
            return Result.STALE, None, None, None
        rating, network = self.child(row, self.kept.colony.parent(child.parent))
        if rating is None:
            return Result.NON_CANONICAL_NONCE, None, None, None
        verdict = self.kept.colony.submit(child._replace(rating=rating))
        if verdict.record is not None:
            self.networks.append(network)
        return verdict.result, rating, network, verdict.record

    def record_anchors(self, tick):
        """What a node has recorded before a tick."""
        for each in range(self.recorded, tick):
            if each not in self.data["anchor_missing_ticks"]:
                self.ring.record(each, each)
        self.recorded = max(self.recorded, tick)


def replay_tree(data):
    """Three identities grow trees."""
    tree, best = Tree(data), {}
    for row in range(len(data["sub_result"])):
        child = submission(data, row, None)
        tree.kept.rows.append(child)
        assert tree.kept.colony.children(child.identity, child.parent) == data["sub_child_count"][row]
        result, rating, network, record = tree.submit(row)
        assert result == data["sub_result"][row], f"result of submission {row}"
        assert (-1 if record is None else record) == data["sub_record"][row]
        tree.counts[int(result)] += 1
        if rating is None:
            continue
        same((rating.shift, rating.error), (data["sub_shift"][row], data["sub_error"][row]), f"rating of {row}")
        same(rating.ranking_key, data["sub_ranking_key"][row], f"ranking key of {row}")
        same(rating.digest, data["sub_digest_value"][row], f"digest of {row}")
        for name, found in zip(("start", "wiring", "lut"), digits(network), strict=True):
            same(found, data[f"sub_best_{name}"][row], f"{name} of {row}")
        refunded = result <= Result.VALID_NOT_STORED and rating.error == data["sub_claimed_error"][row]
        assert refunded == bool(data["sub_refunded"][row])
        if refunded:
            key = rating.ranking_key, child.reference.tick
            best[child.identity] = min(best.get(child.identity, key), key)
    for identity in range(len(data["root_lut"])):
        key, tick = best.get(identity, (-1, -1))
        same(
            (key, tick), (data["identity_best_ranking_key"][identity], data["identity_best_tick"][identity]), "ranking"
        )
    _store(data, tree.kept, tree.counts)
    return Counts(len(tree.kept.rows), tree.ticks)


REPLAYERS = {"colony_ratings": replay_ratings, "colony_rules": replay_rules, "colony_tree": replay_tree}
