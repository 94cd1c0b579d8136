"""The plugin that is built here has the very schema of the published Python package."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from provisioner.setup import engine
from provisioner.setup.layout import SetupError

RESOURCES, FUNCTIONS, NESTED = 115, 91, 164
Names = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The properties of one class, by their names in Pulumi."""

    properties: Names
    required: Names


def wheel() -> Path:
    """Return the folder of the published Python package."""
    spec = find_spec("pulumi_proxmoxve")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def property_name(function: ast.FunctionDef) -> str | None:
    """Return the name in Pulumi of a property of a generated class; None if the function is none."""
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="getter"), keywords=[ast.keyword(arg="name", value=ast.Constant(value=str(name)))]):
                return name
            case ast.Attribute(attr="getter"):
                return function.name
            case _:
                continue
    return None


def shape(cls: ast.ClassDef) -> Shape:
    """Return a generated class's properties; required are those that its constructor gives no default."""
    functions = [node for node in cls.body if isinstance(node, ast.FunctionDef)]
    names = {function.name: name for function in functions if (name := property_name(function))}
    makers = [function.args for function in functions if function.name == "__init__"]
    demanded = {
        argument.arg for maker in makers for argument, default in zip(maker.kwonlyargs, maker.kw_defaults, strict=True) if default is None
    }
    return Shape(properties=frozenset(names.values()), required=frozenset(names[word] for word in demanded if word in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the Python package declares."""

    inputs: Mapping[str, Shape]  # by resource token
    outputs: Mapping[str, Names]
    functions: Mapping[str, tuple[Names, Names]]  # arguments and results, by token
    nested: Mapping[tuple[str, str], Shape]  # by folder and class


def classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def token(cls: ast.ClassDef) -> str | None:
    for decorator in cls.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="type_token"), args=[ast.Constant(value=str(found))]):
                return found
            case _:
                continue
    return None


def invoked(function: ast.FunctionDef) -> tuple[str, Names, str] | None:
    """Return the token that a generated function invokes, its arguments, and its result's class."""
    arguments, found, result = set(), "", ""
    for node in ast.walk(function):
        match node:
            case ast.Subscript(value=ast.Name(id="__args__"), slice=ast.Constant(value=str(name))):
                arguments.add(name)
            case ast.Call(func=ast.Attribute(attr="invoke"), args=[ast.Constant(value=str(found_token)), *_], keywords=keywords):
                found = found_token
                result = next(k.value.id for k in keywords if k.arg == "typ" and isinstance(k.value, ast.Name))
            case _:
                continue
    return (found, frozenset(arguments), result) if found else None


def functions_of(tree: ast.Module) -> Iterator[tuple[str, tuple[Names, Names]]]:
    known = classes(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (call := invoked(node)):
            yield call[0], (call[1], shape(known[call[2]]).properties)


def published() -> Published:
    """Read the whole package without importing it."""
    found = Published(inputs={}, outputs={}, functions={}, nested={})
    inputs, outputs, functions, nested = dict(found.inputs), dict(found.outputs), dict(found.functions), dict(found.nested)
    for file in wheel().rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = classes(tree)
        if file.name in {"_inputs.py", "outputs.py"}:
            folder = file.parent.relative_to(wheel()).as_posix()
            nested.update({(folder, name): shape(cls) for name, cls in known.items() if not name.endswith("ArgsDict")})
            continue
        functions.update(functions_of(tree))
        for name, cls in known.items():
            if (found_token := token(cls)) and f"{name}Args" in known:
                inputs[found_token] = shape(known[f"{name}Args"])
                outputs[found_token] = shape(cls).properties
    return Published(inputs=inputs, outputs=outputs, functions=functions, nested=nested)


@pytest.fixture(scope="module")
def package() -> Published:
    return published()


@pytest.fixture(scope="module")
def schema() -> dict[str, dict[str, dict[str, object]]]:
    try:
        file = engine.schema()
    except SetupError as error:
        pytest.skip(str(error))
    if file is None:
        pytest.skip("the plugin was not built here: it comes without a schema")
    found: dict[str, dict[str, dict[str, object]]] = json.loads(file.read_text(encoding="utf-8"))
    return found


Schema = dict[str, dict[str, dict[str, object]]]


def names(value: object) -> Names:
    """Return the words of a list, or the keys of an object; none for what is absent."""
    return frozenset(value) if isinstance(value, list | dict) else frozenset()


def test_every_resource_has_the_published_inputs_and_outputs(package: Published, schema: Schema) -> None:
    resources = {key: value for key, value in schema["resources"].items() if not key.startswith("pulumi:")}

    assert len(resources) == RESOURCES
    assert resources.keys() == package.inputs.keys() - {"pulumi:providers:proxmoxve"}
    for key, value in resources.items():
        assert names(value.get("inputProperties")) == package.inputs[key].properties, key
        assert names(value.get("requiredInputs")) == package.inputs[key].required, key
        assert names(value.get("properties")) == package.outputs[key], key


def inner(value: object) -> Names:
    return names(value.get("properties")) if isinstance(value, dict) else frozenset()


def test_every_function_has_the_published_arguments_and_results(package: Published, schema: Schema) -> None:
    functions = {key: value for key, value in schema["functions"].items() if not key.startswith("pulumi:")}

    assert len(functions) == FUNCTIONS
    assert functions.keys() == package.functions.keys()
    for key, value in functions.items():
        assert (inner(value.get("inputs")), inner(value.get("outputs"))) == package.functions[key], key


def twins(key: str, package: Published) -> list[Shape]:
    """Return the Python classes of a nested type: as an input, as an output, or both."""
    _, module, name = key.split(":")
    folder = module.rsplit("/", 1)[0].replace("index", ".")
    title = name[0].upper() + name[1:]
    return [package.nested[folder, title + end] for end in ("Args", "", "Result") if (folder, title + end) in package.nested]


def test_every_nested_type_has_the_published_properties(package: Published, schema: Schema) -> None:
    types = schema["types"]

    assert len(types) == NESTED
    for key, value in types.items():
        found = twins(key, package)
        assert found, key
        assert {shape.properties for shape in found} == {names(value.get("properties"))}, key
