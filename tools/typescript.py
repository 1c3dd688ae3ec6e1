"""Write web/src/records.ts, the questions of the page and their answers, anew: ``python tools/typescript.py``."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from chainrule.auditing.records import Verdict
from chainrule.network.names import Notation
from chainrule.view.answers import ANSWERS
from chainrule.view.blocks import DocumentBlock, LinePart

RECORDS = Path(__file__).parent.parent / "web" / "src" / "records.ts"
HEAD = (
    "/** The questions of the page and their answers. Written by tools/typescript.py from the records of Python. */\n"
)
#: types that have a name of their own in Python, which their schema does not tell
NAMED = {"Notation": Notation, "Verdict": Verdict, "LinePart": LinePart, "DocumentBlock": DocumentBlock}
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
REF = "{model}"


def typescript() -> str:
    """The text of records.ts."""
    records = [
        *((question, "validation") for question in ANSWERS),
        *((answer, "serialization") for answer in ANSWERS.values()),
    ]
    _, schema = models_json_schema(records, ref_template=REF)
    schemas = {
        name: TypeAdapter(kind).json_schema(mode="serialization", ref_template=REF) for name, kind in NAMED.items()
    }
    named = {name: options_of(found) for name, found in schemas.items()}
    types = [f"export type {name} = {' | '.join(options)};\n" for name, options in named.items()]
    interfaces = [interface(name, of, named) for name, of in schema["$defs"].items()]
    return "\n".join([HEAD, *types, *interfaces, questions()])


def interface(name: str, schema: dict[str, Any], named: dict[str, list[str]]) -> str:
    """A record; a field that may be left out has a question mark."""
    required = schema.get("required", ())
    fields = [
        f"  {field}{'' if field in required else '?'}: {type_of(of, named)};"
        for field, of in schema["properties"].items()
    ]
    return "\n".join(
        [f"/** {schema['description'].replace('``', '`')} */", f"export interface {name} {{", *fields, "}", ""]
    )


def questions() -> str:
    """A table of the kinds of questions: what each takes, and its answer."""
    rows = [f"  {kind_of(question)}: [{question.__name__}, {answer.__name__}];" for question, answer in ANSWERS.items()]
    words = "/** A question's kind, the question, and its answer. */"
    return "\n".join([words, "export interface Questions {", *rows, "}", ""])


def kind_of(question: type[BaseModel]) -> str:
    """The word that tells this question from the others."""
    return str(question.model_json_schema()["properties"]["kind"]["const"])


def type_of(schema: dict[str, Any], named: dict[str, list[str]]) -> str:
    """A type as TypeScript, by its name where it has one."""
    options = options_of(schema, named)
    for name, union in named.items():
        if set(union) <= set(options):
            options = [name, *(option for option in options if option not in union)]
    return " | ".join(options)


def options_of(schema: dict[str, Any], named: dict[str, list[str]] | None = None) -> list[str]:
    """The types that a value may have.

    Raises:
        ValueError: a schema that has no counterpart here.
    """
    named = named or {}
    match schema:
        case {"$ref": name}:
            return [name]
        case {"const": value}:
            return [json.dumps(value)]
        case {"enum": values}:
            return [json.dumps(value) for value in values]
        case {"anyOf": schemas} | {"oneOf": schemas}:
            return [option for one in schemas for option in options_of(one, named)]
        case {"type": "array", "items": items}:
            item = type_of(items, named) if items else "unknown"
            return [f"({item})[]" if " " in item else f"{item}[]"]
        case {"type": "object", "additionalProperties": values}:
            return [f"Record<string, {type_of(values, named)}>"]
        case {"type": kind} if kind in PLAIN:
            return [PLAIN[kind]]
    raise ValueError(f"no type of TypeScript for {schema}")


if __name__ == "__main__":
    RECORDS.write_text(typescript(), encoding="utf-8")
