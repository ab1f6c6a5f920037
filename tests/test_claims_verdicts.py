"""Every verdict follows the rows: made-up ones let it fall either way."""

import pytest

from experiments.claims import adaptivity, common, inference, machine_code, size, training_cost, uncertainty


def rows_of_size(evolved_bytes, data="digits"):
    return [
        {
            "data": data,
            "method": name,
            "width": width,
            "seed": seed,
            "accuracy": accuracy,
            "sizes": {form: each * width},
        }
        for name, form, each in (("float32", "float32", 300), ("genetic", "base-3", evolved_bytes))
        for width, accuracy in ((8, 0.9), (16, 0.93), (32, 0.95), (64, 0.965))
        for seed in range(3)
    ]


def test_size():
    assert size.finding(rows_of_size(100)).verdict == (
        "holds: three times smaller than float32 at 4 of 4 marks; 3.0 to 3.0 times where both reach it"
    )
    assert size.finding(rows_of_size(200)).verdict.startswith("fails: three times smaller than float32 at 0 of 4")
    both = rows_of_size(100) + rows_of_size(200, "Fashion-MNIST")
    assert size.finding(both).verdict.startswith("holds in part: three times smaller than float32 at 4 of 8 marks")


@pytest.mark.parametrize(
    ("missing", "verdict"), [("genetic", "holds in part: {} at 2 of 4"), ("float32", "holds: {} at 4 of 4")]
)
def test_size_where_only_one_reaches_a_mark(missing, verdict):
    rows = [row for row in rows_of_size(50) if row["method"] != missing or row["width"] < 32]
    found = size.finding(rows)
    assert found.verdict.startswith(verdict.format("three times smaller than float32"))
    said = {"genetic": "no evolved network of these widths reaches it", "float32": "no float32 reaches it"}
    assert sum(said[missing] in sentence for sentence in found.words) == 2


def rows_of_training(evolved, name="genetic", reached=0.98, data="digits"):
    return [
        {"data": data, "method": who, "seed": seed, "curve": [(s, o, t / 2, 0.5), (2 * s, 2 * o, t, reached)]}
        for who, s, o, t in (("TWN", 100, 300, 0.5), (name, 1000, 1000, evolved))
        for seed in range(3)
    ]


def test_training_cost():
    found = training_cost.finding(rows_of_training(2.0))
    assert found.verdict == "holds: against TWN, to 95% on digits genetic takes 4 times the seconds"
    assert "10 times the sample evaluations" in found.words[0]
    slow = training_cost.finding(rows_of_training(20.0))
    assert slow.verdict == "fails: against TWN, to 95% on digits genetic takes 40 times the seconds"
    never = training_cost.finding(rows_of_training(1.0, reached=0.94))
    assert never.verdict == "fails: against TWN, to 95% on digits none comes there"
    both = training_cost.finding(rows_of_training(2.0) + rows_of_training(20.0, data="Fashion-MNIST"))
    assert both.verdict.startswith("holds in part: ")


def test_training_cost_says_what_blind_selection_takes():
    blind = [row for row in rows_of_training(20.0) if row["method"] == "genetic"]
    verdict = training_cost.finding(rows_of_training(2.0, "guided") + blind).verdict
    assert verdict == (
        "holds: against TWN, to 95% on digits guided takes 4 times the seconds (blind selection, genetic, 40 times)"
    )


def rows_of_adaptivity(gained, data="digits"):
    def row(method, arm, value):
        accuracies = {"seconds": [value] * 3, "evaluations": [value] * 3, "old rule": 0.5, "curve": [(0.0, value)]}
        return {"data": data, "change": "labels", "method": method, "arm": arm, "pace": 1.0, **accuracies}

    values = [("TWN", "frozen", 0.1), ("TWN", "anew", 0.9), ("TWN", "fine-tuned", 0.9)]
    values += [("guided", "frozen", 0.1), ("guided", "anew", 0.8), ("guided", "population", 0.7)]
    values += [("guided", "best", 0.9 + gained)]
    return [{**row(*each), "seed": seed} for each in values for seed in range(4)]


def test_adaptivity():
    ahead, behind = adaptivity.finding(rows_of_adaptivity(0.01)), adaptivity.finding(rows_of_adaptivity(-0.01))
    assert ahead.verdict.startswith("holds: at 3 of 3 marks")
    assert behind.verdict.startswith("fails against fine-tuning: at 0 of 3 marks")
    both = adaptivity.finding(rows_of_adaptivity(0.01) + rows_of_adaptivity(-0.01, "Fashion-MNIST"))
    assert both.verdict.startswith("holds in part: at 3 of 6 marks")
    assert both.verdict.endswith("(guided on digits)")


def test_adaptivity_without_a_strategy_is_not_decided():
    rows = [row for row in rows_of_adaptivity(0.01) if row["method"] == "TWN"]
    assert adaptivity.finding(rows).verdict.startswith("not decided: at 0 of 0")


def test_adaptivity_compares_the_seeds_that_both_have():
    for seeds, verdict in ((3, "holds: at 3 of 3 marks"), (2, "not decided: at 0 of 0 marks")):
        rows = [row for row in rows_of_adaptivity(0.01) if row["method"] == "TWN" or row["seed"] < seeds]
        assert adaptivity.finding(rows).verdict.startswith(verdict)


def rows_of_uncertainty(ahead, seeds):
    def row(method, seed, value):
        same = {metric: value if higher else 1 - value for metric, higher in uncertainty.METRICS.items()}
        return {"data": "digits", "method": method, "seed": seed, **same, "AUROC errors": 0.5, "risks": [0.1] * 26}

    rule = {"coverage": 0.9, "risk": 0.1, "classes": 0.5, "noise": 0.5, "rotated": 0.5}
    zeros = {"errors": 0.5, "classes": 0.5, "noise": 0.5, "rotated": 0.5}
    ours = {**dict.fromkeys(uncertainty.RULES, rule), "zeros": zeros}
    floats = [row(method, seed, 0.5 + seed / 100) for method in ("float32", "TWN") for seed in range(seeds)]
    return floats + [{**row("genetic", seed, 0.5 + ahead + seed / 99), **ours} for seed in range(seeds)]


def test_uncertainty():
    assert uncertainty.finding(rows_of_uncertainty(0.1, 8)).verdict.startswith("holds: of 14 comparisons")
    assert uncertainty.finding(rows_of_uncertainty(-0.2, 8)).verdict.startswith("fails: of 14 comparisons")
    assert uncertainty.finding(rows_of_uncertainty(0.1, 3)).verdict.startswith("not decided: of 0 comparisons")


def rows_of_inference(evolved):
    programs = {inference.OURS: evolved, inference.WIDE: 2 * evolved, "float32 64-64-10": 100, "float32 64-16-10": 90}
    rows = []
    for name, cost in programs.items():
        micros = dict.fromkeys(machine_code.FLAGS, cost)
        rows.append({"kind": "c", "name": name, "bytes": cost, "instructions": cost, "microseconds": micros})
        rows.append({"kind": "count", "name": name, "operations": {"int32 add": cost}, "nanojoules": cost})
        names = [f"{name}, NumPy"] if name != inference.WIDE else []
        rows += [
            {"kind": "time", "name": each, "batch": batch, "microseconds": cost}
            for each in names
            for batch in inference.BATCHES
        ]
    return [{"data": "digits", **row} for row in rows]


def test_inference():
    assert inference.finding(rows_of_inference(50)).verdict.startswith("holds: better than float32 in 10 of 10")
    assert inference.finding(rows_of_inference(95)).verdict.startswith("holds in part: better than float32 in 5 of 10")
    assert inference.finding(rows_of_inference(200)).verdict.startswith("fails: better than float32 in 0 of 10")


@pytest.mark.parametrize("claim", [adaptivity, inference, size, training_cost, uncertainty])
def test_every_claim_states_its_rule(claim):
    assert claim.RULE.startswith(("holds", "on all data", "of the comparisons"))
    assert "in part if" in claim.RULE


def test_a_plan_says_what_rows_are_measured_with():
    plan = common.Plan()
    settings = plan.settings()
    assert set(settings["data"]) == set(common.DATA) == set(plan.data)
    assert settings["data"]["digits"]["strategies"]["guided"]["kind"] == "levels"
    assert plan.budget("Fashion-MNIST").epochs == common.DATA["Fashion-MNIST"].epochs
    assert [*common.Plan(minutes=0).each_seed("digits")] == [0, 1, 2]
    assert [*common.Plan(minutes=0).each_seed("Fashion-MNIST")] == [0]
    assert len([*common.Plan(minutes=9e9).each_seed("digits")]) == 10
