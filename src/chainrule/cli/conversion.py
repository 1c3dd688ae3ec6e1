"""Values of options that need no conversion: text, and what is left out. For any other typer loads a large library."""

from __future__ import annotations

from typing import Any, get_type_hints


def keep_plain_values(command: Any) -> None:
    """Let a command of typer, and the commands within it, take values as they are where they need no conversion."""
    hints = get_type_hints(command.callback)
    for parameter in command.params:
        _keep_plain(parameter, is_text=hints.get(parameter.name) in (str, str | None))
    help_option = command.get_help_option

    def get_help_option(context: Any) -> Any:
        option = help_option(context)
        if option is not None:
            _keep_plain(option)
        return option

    command.get_help_option = get_help_option
    for inner in getattr(command, "commands", {}).values():
        keep_plain_values(inner)


def _keep_plain(parameter: Any, is_text: bool = False) -> None:
    """Let a parameter take text as it is where its type is text, and nothing where it is left out and may be."""
    if parameter.required or parameter.multiple or parameter.nargs != 1 or "process_value" in vars(parameter):
        return
    convert = parameter.process_value

    def process_value(context: Any, value: Any) -> Any:
        if value is not None and not (is_text and isinstance(value, str)):
            return convert(context, value)
        return value if parameter.callback is None else parameter.callback(context, parameter, value)

    parameter.process_value = process_value
