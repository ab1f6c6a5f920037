"""An estimator of scikit-learn: in a pipeline, under cross-validation, in a search over a grid."""

from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tejax.sklearn import TernaryClassifier

x, y = load_wine(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(x, y, stratify=y, random_state=0)

network = TernaryClassifier(hidden=(8,), generations=60, random_state=0)
pipeline = make_pipeline(StandardScaler(), PCA(6), network)
search = GridSearchCV(pipeline, {"ternaryclassifier__trits": [2, 8]}, cv=3).fit(train_x, train_y)

for options, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
    print(f"{options['ternaryclassifier__trits']} levels a side: {score:.1%} in cross-validation")
print(f"the better one on held-out wines: {search.score(test_x, test_y):.1%}")
