"""Rust code is read as the compiler does: comments and texts are no code, names lead to modules."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scaffolder.languages import rust_source, rust_tokens
from scaffolder.languages.base import Code
from scaffolder.languages.rust_tokens import Kind

APP = "src/app.rs"


def read(text: str, path: str = APP) -> Code:
    found = rust_source.read(text.encode(), path)
    assert found is not None
    return found


def imports(text: str, path: str = APP) -> set[str]:
    return {f"{one.line} {one.module} {one.name}".strip() for one in read(text, path).imports}


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("src/lib.rs", "crate"),
        ("src/app.rs", "crate::app"),
        ("src/stages/mod.rs", "crate::stages"),
        ("src/stages/auth/tokens.rs", "crate::stages::auth::tokens"),
        ("src/main.rs", "src::main"),
        ("src/bin/tool.rs", "src::bin::tool"),
        ("tests/health.rs", "tests::health"),
        ("tests/common/mod.rs", "tests::common"),
        ("build.rs", "build"),
    ],
)
def test_a_module_is_called_as_code_calls_it(path: str, module: str) -> None:
    assert rust_source.module_of(path) == module


@pytest.mark.parametrize(
    ("module", "spellings"),
    [
        ("crate::stages::auth", ["src/stages/auth", "stages::auth"]),
        ("crate::app", ["src/app"]),
        ("crate", []),
        ("tests::health", ["tests/health"]),
        ("orders.stages.auth", []),
        ("", []),
    ],
)
def test_texts_write_a_module_as_a_path_or_a_filter_of_logs(
    module: str, spellings: list[str]
) -> None:
    assert rust_source.spellings(module) == spellings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("use crate::a::b;", {"1 crate", "1 crate::a", "1 crate::a::b b"}),
        ("use crate::a as c;", {"1 crate", "1 crate::a c"}),
        ("use crate::a::Trait as _;", {"1 crate", "1 crate::a", "1 crate::a::Trait"}),
        ("pub(crate) use super::a::*;", {"1 crate", "1 crate::a"}),
        ("use self::a;", {"1 crate::app", "1 crate::app::a a"}),
        ("use super::super::x;", {"1 crate", "1", "1 x x"}),
        ("use {crate::a, std::io};", {"1 crate", "1 crate::a a", "1 std", "1 std::io io"}),
        ("use ::serde::Serialize;", {"1 serde", "1 serde::Serialize Serialize"}),
        ("use actix_web as web;", {"1 actix_web web"}),
        ("extern crate alloc;", {"1 alloc alloc"}),
        ("extern crate core as c;", {"1 core c"}),
        ("mod a;\npub mod b;", {"1 crate::app::a a", "2 crate::app::b b"}),
        ("#[cfg(test)]\nmod tests { use super::a; }", {"2 crate::app", "2 crate::app::a a"}),
        ("mod a { mod b { use super::c; } }", {"1 crate::app::a", "1 crate::app::a::c c"}),
        ("mod a {} use super::c;", {"1 crate", "1 crate::c c"}),
        ("fn f() { crate::a::g(); }", {"1 crate::a", "1 crate::a::g"}),
        ("fn f() { a::g(); }", {"1 a::g"}),
        ("mod a; fn f() { a::b::g(); }",
         {"1 crate::app::a a", "1 crate::app::a::b", "1 crate::app::a::b::g"}),
        ("use crate::a; fn f() { a::g(); }", {"1 crate", "1 crate::a a", "1 crate::a::g"}),
        ("macro_rules! m { () => { $crate::a::g() } }", {"1 crate::a", "1 crate::a::g"}),
        ("macro_rules! m { ($p:path) => { use $p; } }", set()),
        ("fn f<'a, T>(x: &'a T) -> impl X + use<'a, T> {}", set()),
        ("fn f() { Vec::<u8>::new(); <T as A>::b(); x.crate_of(); }", set()),
    ],
)  # fmt: skip
def test_what_code_refers_to_is_found(text: str, found: set[str]) -> None:
    assert imports(text) - {"1 p p"} == found


def test_names_in_braces_are_imported_each_on_its_line() -> None:
    text = "use crate::stages::{\n    self,\n    api::{Api, self as http},\n    auth,\n};\n"

    assert imports(text) == {
        *("1 crate", "1 crate::stages", "2 crate::stages stages", "3 crate::stages::api"),
        *("3 crate::stages::api::Api Api", "3 crate::stages::api http"),
        "4 crate::stages::auth auth",
    }


@pytest.mark.parametrize("path", ["tests/health.rs", "src/main.rs", "src/bin/tool.rs"])
def test_programs_and_tests_name_the_library_as_a_crate(path: str) -> None:
    assert "1 crate::stages::auth auth" in imports("use orders::stages::auth;", path)
    assert "1 crate::stages::auth" in imports("fn f() { orders::stages::auth::g() }", path)


@pytest.mark.parametrize(
    ("path", "home"), [("tests/health.rs", "tests"), ("tests/common/mod.rs", "tests::common"),
                       ("src/main.rs", "crate"), ("src/lib.rs", "crate")]
)  # fmt: skip
def test_modules_of_a_file_are_where_cargo_looks_for_them(path: str, home: str) -> None:
    assert imports("mod a;", path) == {f"1 {home}::a a"}


def test_names_that_are_used_have_their_lines() -> None:
    found = read(
        "use crate::a;\n"
        "struct S { field: a::T }\n"
        "fn f(argument: u8) { let mut local = S { field: a(1) }; x.method; 0..end }\n"
    )

    assert found.uses["a"] == [2, 3]
    assert found.uses["S"] == [3]
    assert found.uses["end"] == [3]
    assert {"a", "S", "field", "f", "argument", "local"} <= found.bound
    assert not {"field", "method", "T", "f"} & found.uses.keys()


HIDDEN = [
    "// use crate::hidden;\n",
    "/// crate::hidden\n",
    "/* crate::hidden /* nested crate::hidden */ crate::hidden */",
    "/*/ crate::hidden */",
    '"crate::hidden // \\" use crate::hidden; \\\\"',
    'b"crate::hidden" ',
    'c"crate::hidden" ',
    'r"crate::hidden\\"',
    'r#"crate::hidden " crate::hidden"#',
    'br##"crate::hidden "# crate::hidden"##',
    "'\"'",
    "'\\''",
    "b'\\\\'",
    "'\\u{1F600}'",
    "'é'",
    "'hidden",
    "0x_hidden",
    "1_000u32",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_comments_and_texts_are_no_code(hidden: str) -> None:
    found = read(f"fn f() {{ first({hidden}\n, second) }}")

    assert {"first", "second"} <= found.uses.keys()
    assert "hidden" not in found.uses
    assert found.imports == []


@pytest.mark.parametrize(
    "text",
    ["fn f() {", "fn f() }", "fn f( ]", '"no end', 'r#"no end"', "/* /* no end */", "a ` b",
     "'", "a \\ b", "use crate::{a, b;", "{(})"],
)  # fmt: skip
def test_what_is_no_code_is_not_read(text: str) -> None:
    assert rust_source.read(text.encode(), APP) is None


@pytest.mark.parametrize("text", ["#!/usr/bin/env x '\nfn f() {}", "\ufeff#![a]\nfn f() {}"])
def test_a_first_line_for_the_shell_is_passed_over(text: str) -> None:
    assert read(text).bound >= {"f"}


def test_bytes_that_are_no_text_are_no_code() -> None:
    assert rust_source.read(b"fn f() { \xff }", APP) is None


WORDS = st.sampled_from(["crate", "self", "super", "a", "b", "Type", "use", "mod", "as", "fn"])
MARKS = st.sampled_from(["::", ";", ",", ".", "..", "->", "*", "<", ">", "=", "|", "#", "!", "&"])
TOKENS = st.lists(st.one_of(WORDS, MARKS), max_size=30)
GAPS = st.sampled_from([" ", "\n", " /* x '\" */ ", ' // crate::x "\n', "\t/* /**/ { */"])


@given(tokens=TOKENS, data=st.data())
def test_what_stands_between_tokens_changes_nothing(tokens: list[str], data: st.DataObject) -> None:
    plain = rust_source.read(" ".join(tokens).encode(), APP)
    wide = rust_source.read("".join(t + data.draw(GAPS) for t in tokens).encode(), APP)

    assert plain is not None
    assert wide is not None
    assert [(i.module, i.name) for i in wide.imports] == [(i.module, i.name) for i in plain.imports]
    assert wide.bound == plain.bound
    assert {n: len(found) for n, found in wide.uses.items()} == {
        n: len(found) for n, found in plain.uses.items()
    }


@given(tokens=st.lists(st.one_of(WORDS, st.sampled_from(HIDDEN)), max_size=20))
def test_each_token_is_one_on_the_line_where_it_stands(tokens: list[str]) -> None:
    found = rust_tokens.read("\n".join(tokens))
    words = [token.text for token in found if token.kind is Kind.WORD]
    lines = "\n".join(tokens).split("\n")

    assert words == [token for token in tokens if token.isidentifier()]
    assert all(token.text.split("\n")[0] in lines[token.line - 1] for token in found)


@given(text=st.text(alphabet="ab:;{}()[]<>*/\"'#!r\\ \n$.,_&|use mod crate as"))
@example("use")
@example("use ::")
@example("use a::{")
@example("mod")
@example("extern crate")
@example("use a as")
@example("use {a,,}")
def test_whatever_a_file_holds_reading_it_ends(text: str) -> None:
    found = rust_source.read(text.encode(), APP)

    assert found is None or all(re.fullmatch(r"[\w:]*", one.module) for one in found.imports)


@given(content=st.binary())
def test_any_bytes_are_read_or_not(content: bytes) -> None:
    rust_source.read(content, APP)
