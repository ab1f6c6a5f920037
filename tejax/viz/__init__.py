"""Pictures and animations with matplotlib, made without pyplot: nothing is global and no window opens."""

from tejax.viz import animation, plots, tissue

__all__ = ["animation", "plots", "tissue"]
