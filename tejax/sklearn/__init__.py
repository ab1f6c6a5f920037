"""Networks of trits as scikit-learn's estimators: in pipelines and in searches over grids."""

from tejax.sklearn._classifier import TernaryClassifier

__all__ = ["TernaryClassifier"]
