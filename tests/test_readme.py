"""What is measured stands in README.md and docs/results as the records have it."""

from experiments import readme


def test_the_figures_are_those_of_the_recorded_results():
    assert readme.figures(readme.README.read_text()) == readme.README.read_text(), "run python -m experiments.readme"
    for path, content in readme.results().items():
        assert path.read_text() == content, "run python -m experiments.readme"


def test_every_page_of_results_is_made_here():
    assert {path.name for path in readme.RESULTS.glob("*.md")} == {path.name for path in readme.results()}
