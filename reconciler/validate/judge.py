"""The judge: JSON Schema says what is wrong, and this says it in people's words with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from reconciler.field import Field, flow, root_field, whole
from reconciler.kind import NOTHING, Kind
from reconciler.pointer import ROOT, escaped, parts, pointer_to
from reconciler.problem import Problem
from reconciler.resource import EMPTY, Json
from reconciler.secret import token_form
from reconciler.validate.carry import carried
from reconciler.validate.kubernetes import EXTERNAL, instead, is_owned, pod_words
from reconciler.validate.places import at_key, at_value, field_name, is_shareable, shown, shown_name
from reconciler.validate.policy import DURATION
from reconciler.validate.suggest import as_quantity, near
from reconciler.validate.unknown import Block, Meant
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
_LONGEST = 72
_DURATION_PATTERN = f"(?:{DURATION})|"


@dataclass(frozen=True, slots=True)
class Fault:
    """Note one rule of a schema that a value breaks: which, with what limit, where, and the value."""

    rule: str
    limit: Json
    pointer: str
    value: Json
    schema: Mapping[str, Json]
    field: Field
    missing: str = ""
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Hold one schema, ready to judge documents by, and the words to suggest."""

    validator: Draft202012Validator
    root: Field
    kind: Kind | None = None
    has_external: bool = False

    def problems(self, document: Document) -> list[Problem]:
        """Find everything in a document that its schema rejects."""
        leaves = [leaf for error in self.validator.iter_errors(document.value) for leaf in _leaves(error)]
        faults = [_fault(leaf, self.root.root) for leaf in leaves]
        meant: set[tuple[str, ...]] = set()
        found = [p for fault in faults for p in self._explain(document, fault, meant)]
        found += [_missing(document, fault) for fault in faults if _is_missing(fault, meant)]
        return list(dict.fromkeys(found))

    def _explain(self, document: Document, fault: Fault, meant: set[tuple[str, ...]]) -> Iterator[Problem]:
        if fault.rule == "additionalProperties":
            yield from self._unknown_fields(document, fault, meant)
        elif fault.rule != "required":
            problem = _EXPLAIN.get(fault.rule, _other)(document, fault)
            yield at_value(document, fault.pointer, problem)

    def _unknown_fields(
        self, document: Document, fault: Fault, meant: set[tuple[str, ...]]
    ) -> Iterator[Problem]:
        known = fault.schema.get("properties", {})
        unknown = [str(name) for name in fault.value if name not in known]
        pasted = pod_words(fault.value, unknown)
        if pasted:
            yield self._pasted(document, fault, pasted)
        block = self._block(document, fault)
        for name in unknown:
            if name in pasted:
                continue
            pointer = f"{fault.pointer}/{escaped(name)}"
            told = self._meant(document, block, name, pointer)
            meant.add(told.path)
            what = f'unknown field "{shown_name(name)}" in {field_name(fault.pointer)}'
            yield at_key(document, pointer, Problem("RC103", what, hint=told.hint))

    def _pasted(self, document: Document, fault: Fault, names: list[str]) -> Problem:
        what = f"{field_name(fault.pointer)} holds a pod of Kubernetes: {', '.join(names)}"
        is_external = self.kind is not None and self.kind.name == EXTERNAL
        hint = "move the whole object under manifest" if is_external else instead(self.has_external)
        problem = Problem("RC103", what, hint=hint)
        return at_key(document, f"{fault.pointer}/{escaped(names[0])}", problem)

    def _meant(self, document: Document, block: Block, name: str, pointer: str) -> Meant:
        if is_owned(name) and not token_form(name):
            return Meant("the platform writes it: delete the line")
        if self.kind and pointer.startswith(f"{ROOT}/") and (told := self.kind.not_taken.get(name)):
            return Meant(told)
        return block.meant(name, may_show=is_shareable(document, pointer))

    def _block(self, document: Document, fault: Fault) -> Block:
        """Hold what a fault stands in, with the fields that lead there."""
        lineage = [self.root]
        for part in parts(fault.pointer):
            below = lineage[-1].child(part)
            if below is None:
                break
            lineage.append(below)
        title = ".".join([self.kind.name if self.kind else "Fleet", *lineage[-1].path]).replace(".*", "")
        aliases = self.kind.aliases if self.kind else EMPTY
        return Block(tuple(lineage), fault.value, fits, aliases, title)


def fits(field: Field, value: Json) -> bool:
    """Tell whether a field's schema takes a value."""
    schema = {**field.schema, "$defs": field.root.get("$defs", {})}
    return bool(_VALIDATOR(schema, registry=Registry()).is_valid(value))


def judge_for(schema: Mapping[str, Json], kind: Kind | None = None, *, has_external: bool = False) -> Judge:
    """Make a judge of a schema. It never fetches anything: references outside the schema are errors.

    `has_external`: the kind's API has another that takes any Kubernetes manifest.
    """
    validator = _VALIDATOR(schema, registry=Registry())
    return Judge(validator, root_field(schema), kind, has_external)


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


def _fault(error: ValidationError, root: Mapping[str, Json]) -> Fault:
    """Take from the library's error what our words need."""
    schema: Json = error.schema
    value: Json = error.instance
    limit: Json = error.validator_value
    absent = [name for name in limit if name not in value] if error.validator == "required" else []
    missing = next((name for name in absent if f"'{name}'" in error.message), "")
    pointer = pointer_to(error.absolute_path)
    field = Field(tuple(parts(pointer)), whole(schema, root), root)
    return Fault(str(error.validator), limit, pointer, value, schema, field, missing, tuple(_types(error)))


def _types(error: ValidationError) -> list[str]:
    wanted: Json = error.validator_value
    if error.validator == "type":
        return [wanted] if isinstance(wanted, str) else list(wanted)
    return [name for inner in error.context or () if inner.validator == "type" for name in _types(inner)]


def _is_missing(fault: Fault, meant: set[tuple[str, ...]]) -> bool:
    """Tell whether a required field is missing, and no unknown one beside it was meant for it."""
    if fault.rule != "required":
        return False
    path = tuple("*" if part.isdecimal() else part for part in parts(fault.pointer))
    return (*path, fault.missing) not in meant


def _missing(document: Document, fault: Fault) -> Problem:
    described = fault.schema.get("properties", {}).get(fault.missing, {}).get("description", "")
    words = f"{described[:1].lower()}{described[1:]}".rstrip(".")
    hint = f"add {fault.missing}: ({words})" if words else f"add {fault.missing}:"
    problem = Problem("RC105", f'{field_name(fault.pointer)} has no "{fault.missing}"', hint=hint)
    return at_key(document, fault.pointer, problem)


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
    if not is_shareable(document, fault.pointer):
        return "quote it" if "string" in types and not isinstance(value, Mapping | list) else ""
    if _is_duration(fault):
        return f"write {name}: {value}s" if isinstance(value, int) else "write 60s, 20m or 1h30m"
    if "string" in types and not isinstance(value, Mapping | list) and not fault.field.allowed:
        raw = raw_text(document.lines, document.place(fault.pointer)) or str(value)
        return f'quote it: {name}: "{raw}"' if value is not None else "give it a value, or leave it out"
    better = carried(value, fault.field, fits)
    if better is not NOTHING and len(line := flow(better)) <= _LONGEST:
        return f"write {line}" if name.endswith("]") else f"write {name}: {line}"
    if "array" in types:
        return "write it as a list, one item after each -"
    return "write its fields below it, one per line" if "object" in types else ""


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
