"""Files: models (safetensors, ONNX) and tables; networks from other libraries."""

from chainrule.storage.ensemble_file import load_table_model, save_ensemble
from chainrule.storage.gradient_files import read_gradient_file
from chainrule.storage.importers import from_keras, from_sklearn, from_torch, load_torch
from chainrule.storage.model_file import load, load_either, load_model, save, save_model
from chainrule.storage.modules import from_module
from chainrule.storage.onnx.file import save_onnx, to_onnx
from chainrule.tables.files import read_table
from chainrule.tables.reading import TableReading

__all__ = [
    "TableReading", "from_keras", "from_module", "from_sklearn", "from_torch", "load", "load_either", "load_model",
    "load_table_model", "load_torch", "read_gradient_file", "read_table", "save", "save_ensemble", "save_model",
    "save_onnx", "to_onnx",
]  # fmt: skip
