"""Baselines for texts: how many bits a byte other ways to predict the next byte need."""

from tejax.baselines.language._methods import Budget, ByteModel, Callback, Job, Method, Outcome, Progress, bits_per_byte
from tejax.baselines.language.compressors import gzip, xz
from tejax.baselines.language.egg import eggroll
from tejax.baselines.language.ngrams import ngram
from tejax.baselines.language.recurrent import gru
from tejax.baselines.language.straight_through import straight_through_reader
from tejax.baselines.language.table import methods

__all__ = [
    "Budget",
    "ByteModel",
    "Callback",
    "Job",
    "Method",
    "Outcome",
    "Progress",
    "bits_per_byte",
    "eggroll",
    "gru",
    "gzip",
    "methods",
    "ngram",
    "straight_through_reader",
    "xz",
]
