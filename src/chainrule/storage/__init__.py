"""Files: models (safetensors), tables, worksheets."""

from chainrule.storage.model_file import load, load_model, save, save_model
from chainrule.storage.tables import read_table
from chainrule.storage.worksheet import Worksheet, read_worksheet

__all__ = ["Worksheet", "load", "load_model", "read_table", "read_worksheet", "save", "save_model"]
