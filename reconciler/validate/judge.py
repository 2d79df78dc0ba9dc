"""The judge: JSON Schema says what is wrong, and this says it in people's words with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from reconciler.kind import Kind
from reconciler.pointer import escaped, pointer_to
from reconciler.problem import Problem
from reconciler.resource import EMPTY, Json
from reconciler.validate.envelope import DURATION
from reconciler.validate.places import at_key, at_value, field_name, shown
from reconciler.validate.suggest import as_quantity, as_truth, as_whole_number, field_hint, near
from reconciler.yaml import Document, raw_text

_EXPECTED = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_RANGES = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
    "minLength": "at least",
    "maxLength": "at most",
    "minItems": "at least",
    "maxItems": "at most",
    "minProperties": "at least",
    "maxProperties": "at most",
}
_DURATION_PATTERN = f"(?:{DURATION})|"


@dataclass(frozen=True, slots=True)
class Fault:
    """Note one rule of a schema that a value breaks: which, with what limit, where, and the value."""

    rule: str
    limit: Json
    pointer: str
    value: Json
    schema: Mapping[str, Json]
    missing: str = ""
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Hold one schema, ready to judge documents by, and the words to suggest."""

    validator: Draft202012Validator
    aliases: Mapping[str, str] = EMPTY
    homes: Mapping[str, str] = EMPTY

    def problems(self, document: Document) -> list[Problem]:
        """Find everything in a document that its schema rejects."""
        leaves = [leaf for error in self.validator.iter_errors(document.value) for leaf in _leaves(error)]
        found = [problem for leaf in leaves for problem in self._explain(document, _fault(leaf))]
        return _without_echoes(found)

    def _explain(self, document: Document, fault: Fault) -> Iterator[Problem]:
        if fault.rule == "additionalProperties":
            yield from self._unknown_fields(document, fault)
        elif fault.rule == "required":
            yield at_key(document, fault.pointer, _missing_field(fault))
        else:
            yield at_value(document, fault.pointer, _EXPLAIN.get(fault.rule, _other)(document, fault))

    def _unknown_fields(self, document: Document, fault: Fault) -> Iterator[Problem]:
        known = fault.schema.get("properties", {})
        where = field_name(fault.pointer)
        for name in fault.value:
            if name not in known:
                hint = field_hint(str(name), where, known, self.aliases, self.homes)
                problem = Problem("RC103", f'unknown field "{_cut(name)}" in {where}', hint=hint)
                yield at_key(document, f"{fault.pointer}/{escaped(str(name))}", problem)


def judge_for(schema: Mapping[str, Json], kind: Kind | None = None) -> Judge:
    """Make a judge of a schema. It never fetches anything: references outside the schema are errors."""
    validator = _VALIDATOR(schema, registry=Registry())
    if kind is None:
        return Judge(validator)
    return Judge(validator, kind.aliases, _homes(schema))


def _homes(schema: Mapping[str, Json]) -> dict[str, str]:
    """Find under which part of spec each nested field lives, for those that live in one part only."""
    defs = schema.get("$defs", {})
    root = _reference(schema["properties"].get("spec", {}))
    homes: dict[str, list[str]] = {}
    for name, part in defs.get(root, {}).get("properties", {}).items():
        for field in defs.get(_reference(part), {}).get("properties", {}):
            homes.setdefault(field, []).append(name)
    return {field: parts[0] for field, parts in homes.items() if len(parts) == 1 and field not in ("name",)}


def _reference(part: Json) -> str:
    """Name the first definition that a part of a schema refers to."""
    found = re.search(r"'\$ref': '#/\$defs/([^']+)'", str(part))
    return found[1] if found else ""


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Go down to the errors that say something: into the branch that the value seems to mean."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [found for found in branches.values() if not any(_is_other_type(inner) for inner in found)]
    if not meant:
        yield error
        return
    for inner in min(meant, key=len):
        yield from _leaves(inner)


def _is_other_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _fault(error: ValidationError) -> Fault:
    """Take from the library's error what our words need."""
    schema: Json = error.schema
    value: Json = error.instance
    limit: Json = error.validator_value
    absent = [name for name in limit if name not in value] if error.validator == "required" else []
    missing = next((name for name in absent if f"'{name}'" in error.message), "")
    pointer = pointer_to(error.absolute_path)
    return Fault(str(error.validator), limit, pointer, value, schema, missing, tuple(_types(error)))


def _types(error: ValidationError) -> list[str]:
    wanted: Json = error.validator_value
    if error.validator == "type":
        return [wanted] if isinstance(wanted, str) else list(wanted)
    return [name for inner in error.context or () if inner.validator == "type" for name in _types(inner)]


def _missing_field(fault: Fault) -> Problem:
    described = fault.schema.get("properties", {}).get(fault.missing, {}).get("description", "")
    words = f"{described[:1].lower()}{described[1:]}".rstrip(".")
    hint = f"add {fault.missing}: ({words})" if words else f"add {fault.missing}:"
    return Problem("RC105", f'{field_name(fault.pointer)} has no "{fault.missing}"', hint=hint)


def _wrong_type(document: Document, fault: Fault) -> Problem:
    expected = [_EXPECTED[name] for name in fault.types if name in _EXPECTED]
    words = " or ".join(dict.fromkeys(expected)) or "null"
    name, value = field_name(fault.pointer), fault.value
    if isinstance(value, str) and "${{" in value and not {"object", "array"} & set(fault.types):
        what = f"{name} is {words}, so nothing can be interpolated there"
        return Problem("RC104", what, hint="write the value out; ${{ … }} stands only in text")
    words = "a duration" if _is_duration(fault) else words
    what = f"{name} is {shown(document, fault.pointer, value)}, not {words}"
    return Problem("RC104", what, hint=_type_hint(document, fault))


def _is_duration(fault: Fault) -> bool:
    return str(fault.schema.get("pattern", "")).startswith(_DURATION_PATTERN)


def _type_hint(document: Document, fault: Fault) -> str:
    name, value, types = field_name(fault.pointer), fault.value, fault.types
    if shown(document, fault.pointer, value) == "(sensitive)":
        return "quote it" if "string" in types else ""
    if _is_duration(fault):
        return f"write {name}: {value}s" if isinstance(value, int) else "write 60s, 20m or 1h30m"
    better = _better_scalar(value, types)
    if better:
        return f"write {name}: {better}"
    if "string" in types and not isinstance(value, Mapping | list):
        raw = raw_text(document.lines, document.place(fault.pointer)) or str(value)
        return f'quote it: {name}: "{raw}"' if value is not None else "give it a value, or leave it out"
    if "array" in types:
        return "write it as a list, one item after each -"
    return "write its fields below it, one per line" if "object" in types else ""


def _better_scalar(value: Json, types: tuple[str, ...]) -> str:
    """Give the number or truth value that was most likely meant."""
    if "integer" in types or ("number" in types and isinstance(value, str)):
        return as_whole_number(value)
    return as_truth(value) if "boolean" in types else ""


def _not_allowed(document: Document, fault: Fault) -> Problem:
    allowed = fault.limit if fault.rule == "enum" else [fault.limit]
    words = [str(value) for value in allowed if value is not None]
    expected = words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    what = f"{field_name(fault.pointer)} is {shown(document, fault.pointer, fault.value)}, not {expected}"
    best = near(str(fault.value), words)
    if len(words) == 1:
        return Problem("RC104", what, hint=f"write {words[0]}")
    return Problem("RC104", what, hint=f'did you mean "{best}"?' if best else "")


def _wrong_form(document: Document, fault: Fault) -> Problem:
    found, name = shown(document, fault.pointer, fault.value), field_name(fault.pointer)
    if fault.schema.get("format") == "quantity":
        hint = as_quantity(fault.value) if found != "(sensitive)" else ""
        return Problem("RC108", f"{found} is not a quantity", hint=hint)
    if _is_duration(fault):
        return Problem("RC104", f"{name} is {found}, not a duration", hint="write 60s, 20m or 1h30m")
    described = str(fault.schema.get("description", "")).rstrip(".")
    return Problem("RC104", f"{name} is {found}, which has not the form it needs", hint=described)


def _out_of_range(document: Document, fault: Fault) -> Problem:
    name, words = field_name(fault.pointer), _RANGES[fault.rule]
    if isinstance(fault.value, str | list | Mapping):
        unit = {str: "characters", list: "items"}.get(type(fault.value), "fields")
        return Problem("RC109", f"{name} has {len(fault.value)} {unit}, not {words} {fault.limit}")
    found = shown(document, fault.pointer, fault.value)
    return Problem("RC109", f"{name} is {found}, not {words} {fault.limit}")


def _other(document: Document, fault: Fault) -> Problem:
    found = shown(document, fault.pointer, fault.value)
    return Problem("RC104", f"{field_name(fault.pointer)} is {found}, which is not allowed here")


_EXPLAIN: dict[str, Callable[[Document, Fault], Problem]] = {
    "type": _wrong_type,
    "anyOf": _wrong_type,
    "oneOf": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "pattern": _wrong_form,
    **dict.fromkeys(_RANGES, _out_of_range),
}


def _without_echoes(found: Iterable[Problem]) -> list[Problem]:
    """Leave out a missing field where an unknown one beside it is a misspelling of it."""
    problems = list(dict.fromkeys(found))
    meant = {
        (problem.pointer.rpartition("/")[0], problem.hint.split('"')[1])
        for problem in problems
        if problem.code == "RC103" and problem.hint.startswith("did you mean")
    }
    return [
        problem
        for problem in problems
        if problem.code != "RC105" or (problem.pointer, problem.what.split('"')[-2]) not in meant
    ]


def _cut(name: object) -> str:
    text = str(name)
    return text if len(text) <= 60 else text[:59] + "…"


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""Compile a schema's pattern so that $ means the end, not "before a last newline"."""
    return re.compile(re.sub(r"(?<!\\)\$(?=$|\))", r"\\Z", pattern))


def _pattern(_validator: object, pattern: str, instance: Json, _schema: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("does not match")


def _is_whole(_checker: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


_VALIDATOR: Callable[..., Draft202012Validator] = extend(  # type: ignore[no-untyped-call]  # its stubs lack types
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole),
)
