"Edit whole videos with image-edit diffusion models, without training. The public names stand in `__init__.pyi`."
__version__ = "0.2.0"

from lazy_loader import attach_stub
__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
del attach_stub
