"""Real data: what scikit-learn ships, pictures in their official split, and a user's files."""

from pathlib import Path
from typing import Annotated, Any

from tejax.errors import require
from tejax.options import Between, Length, Samples
from tejax.registry import TASKS
from tejax.tasks._classification import Classification
from tejax.tasks._labelled import Coding, Options, classification
from tejax.tasks.datasets import files, idx_sets
from tejax.tasks.datasets.encoding import Kind, Placement

__all__ = ["breast_cancer", "digits", "fashion_mnist", "from_files", "mnist", "wine"]

Trits = Annotated[int, Between(1, 1024)]
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@TASKS.register("digits", extends=Options)
def digits(samples: Samples | None = 128, **options: Any) -> Classification:
    """1,797 handwritten digits of 8 x 8 pixels, ten classes (Alpaydin & Kaynak 1998, as scikit-learn ships them).

    Args:
        samples: training samples a generation, or None for all.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return classification(x, y, samples=samples, **options)


@TASKS.register("breast_cancer", extends=Options)
def breast_cancer(placement: Placement = "quantile", **options: Any) -> Classification:
    """569 tumours, benign or malignant, by 30 measurements (Wolberg et al. 1995, as scikit-learn ships them).

    Args:
        placement: where thresholds stand: evenly over the range, or at the data's quantiles, since every measurement
            has its own unit.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return classification(x, y, placement=placement, **options)


@TASKS.register("wine", extends=Options)
def wine(placement: Placement = "quantile", **options: Any) -> Classification:
    """178 wines of three growers by 13 measurements (Forina et al. 1988, as scikit-learn ships them).

    Args:
        placement: where thresholds stand: evenly over the range, or at the data's quantiles, since every measurement
            has its own unit.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    return classification(x, y, placement=placement, **options)


@TASKS.register("fashion_mnist", extends=Coding)
def fashion_mnist(
    path: Path | None = None, samples: Samples | None = 512, kind: Kind = "levels", trits: Trits = 4, **options: Any
) -> Classification:
    """70,000 pictures of clothes, 28 x 28 pixels, ten classes, 10,000 for testing (Xiao, Rasul & Vollgraf 2017).

    Args:
        path: a folder with the four IDX files; by default TEJAX_DATA/fashion_mnist, where the package
            dataset-fashion-mnist has them, or the cache folder, into which they are downloaded once.
        samples: training samples a generation, or None for all.
        kind: what a pixel becomes: levels, one whole number from -trits to trits, or trits, or thermometer.
        trits: of a pixel, or with levels its greatest whole number.
        **options: those of `classification` but for the split, which is the official one.

    Raises:
        InputError: where there is no copy on this machine and no network, with what can be done.
    """
    return _official(idx_sets.FASHION_MNIST, path, CLOTHES, samples=samples, kind=kind, trits=trits, **options)


@TASKS.register("mnist", extends=Coding)
def mnist(
    path: Path | None = None, samples: Samples | None = 512, kind: Kind = "levels", trits: Trits = 4, **options: Any
) -> Classification:
    """70,000 handwritten digits, 28 x 28 pixels, 10,000 for testing (LeCun, Bottou, Bengio & Haffner 1998).

    Args:
        path: a folder with the four IDX files; by default TEJAX_DATA/mnist, or the cache folder, into which they are
            downloaded once.
        samples: training samples a generation, or None for all.
        kind: what a pixel becomes: levels, one whole number from -trits to trits, or trits, or thermometer.
        trits: of a pixel, or with levels its greatest whole number.
        **options: those of `classification` but for the split, which is the official one.

    Raises:
        InputError: where there is no copy on this machine and no network, with what can be done.
    """
    return _official(idx_sets.MNIST, path, None, samples=samples, kind=kind, trits=trits, **options)


def _official(known: idx_sets.IdxSet, path: Path | None, names: Any, encode: Any = None, **options: Any) -> Any:
    """The task of a set of pictures in its official split; with an encoding, of its test pictures alone."""
    x, y, x_test, y_test = idx_sets.load(known, path)
    if encode is not None:
        return classification(x_test, y_test, encode, **options)
    return classification(x, y, x_test=x_test, y_test=y_test, names=names, **options)


@TASKS.register("files", extends=Options)
def from_files(
    path: Path = Path("data.npz"),
    labels: Path | None = None,
    label: Annotated[str, Length(1, 4096)] | None = None,
    test_path: Path | None = None,
    test_labels: Path | None = None,
    **options: Any,
) -> Classification:
    """Labelled data from disk: a table (.csv), an .npz file with arrays x and y, or two IDX files (as MNIST has).

    Args:
        path: the table, the .npz file, or the IDX file of inputs.
        labels: the IDX file of labels.
        label: the column of labels in a table: its name, or its number, from 0 or, negative, from the end;
            None: the last one.
        test_path: test data of their own, in a file of the same kind; None: a share of the data is held out at random.
        test_labels: the IDX file of their labels.
        **options: those of `classification`.

    Raises:
        InputError: for a missing, damaged or foreign file, naming it; for labels of test data without these; and for
            columns with other names, or in another order, than those of the training data.
    """
    data = files.load_labelled(path, labels, label)
    require(test_labels is None or test_path is not None, "given with test_path", test_labels=str(test_labels))
    if test_path is None:
        return classification(data.x, data.y, columns=data.columns, **options)
    test = files.load_labelled(test_path, test_labels, label)
    same = not (data.columns and test.columns) or data.columns == test.columns
    require(same, f"a table with the columns of path, {list(data.columns)}", test_path=list(test.columns))
    return classification(data.x, data.y, x_test=test.x, y_test=test.y, columns=data.columns, **options)
