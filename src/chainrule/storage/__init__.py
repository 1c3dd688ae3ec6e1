"""Files: models (safetensors) and tables."""

from chainrule.storage.model_file import load, load_model, save, save_model
from chainrule.storage.tables import read_table

__all__ = ["load", "load_model", "read_table", "save", "save_model"]
