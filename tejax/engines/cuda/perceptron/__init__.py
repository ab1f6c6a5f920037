"""The summed loss of wide perceptrons on Hopper GPUs (H100, H200), whose instructions only they have.

perceptron.cu has the handlers, block.h the kernel: instructions.h is PTX, fragments.h what registers hold, stationary.h
the warp that brings weights, consumer.h the warps that multiply, objective.h the losses; loss.py the calls.
"""

from tejax.engines.cuda.perceptron.loss import LOSSES, perceptron_fits, perceptron_loss

__all__ = ["LOSSES", "perceptron_fits", "perceptron_loss"]
