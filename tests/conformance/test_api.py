"""What the API does for every route, shown with routes of the service's own: in each language."""

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pens
import pytest
import running
import rust_services
from client import Client
from running import Program, Run

PENS = "/api/v1/pens"
PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "instance"}

Pristine = Callable[[tuple[str, ...]], Path]


@pytest.fixture(scope="module", params=["python", "rust"])
def shop(
    request: pytest.FixtureRequest, pristine: Pristine, tmp_path_factory: pytest.TempPathFactory
) -> Program:
    """A service that has pens."""
    if request.param == "rust":
        files = {"src/app.rs": pens.RUST}
        return running.rust(rust_services.binary(("api",), files, variant="pens"))
    root = tmp_path_factory.mktemp("pens") / "orders"
    shutil.copytree(pristine(("api",)), root)
    (root / "src/orders/app.py").write_text(pens.PYTHON, encoding="utf-8")
    return running.python(root)


@pytest.fixture(scope="module")
def run(shop: Program) -> Iterator[Run]:
    """The service with its defaults; no test changes what another sees."""
    with shop.start() as started:
        yield started
        assert started.stop() == 0


@pytest.fixture
def client(run: Run) -> Client:
    return Client(run.port)


def test_routes_of_the_service_itself_can_be_added(client: Client) -> None:
    added = client.post(PENS, {"colour": "red"})

    assert (added.status, added.json()) == (201, {"colour": "red", "price": 1})
    assert len(client.get(f"{PENS}?limit=3").json()) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/", 404),
        ("GET", "/api/nowhere", 404),
        ("GET", "/apiary", 404),
        ("GET", f"{PENS}/", 404),
        ("PATCH", PENS, 405),
        ("GET", f"{PENS}/410", 410),
        ("GET", f"{PENS}/499", 499),
        ("DELETE", f"{PENS}/1", 500),
    ],
)
def test_every_error_is_a_problem(client: Client, method: str, path: str, status: int) -> None:
    refusal = client.ask(method, path)
    problem = refusal.json()

    assert refusal.status == problem["status"] == status
    assert refusal.headers["content-type"] == PROBLEM
    assert problem.keys() == MEMBERS
    assert problem["type"] == "about:blank"
    assert problem["instance"] == path
    assert isinstance(problem["detail"], str)


def test_a_problem_can_have_headers_and_members_of_its_own(client: Client) -> None:
    refusal = client.ask("PUT", f"{PENS}/3")

    assert refusal.json()["title"] == "Conflict"
    assert refusal.json()["detail"] == "the pen is sold"
    assert refusal.json()["number"] == 3
    assert refusal.headers["retry-after"] == "7"
    assert client.get(f"{PENS}/410").headers["x-reason"] == "test"


def test_a_problem_names_its_path_as_a_uri_does(client: Client) -> None:
    assert client.get("/api/a%3Fb%20c").json()["instance"] == "/api/a%3Fb%20c"


def test_a_method_that_is_not_allowed_names_all_that_are(client: Client) -> None:
    allowed = client.ask("PATCH", PENS).headers["allow"]
    others = client.post(f"{PENS}/3", {}).headers["allow"]

    assert {"GET", "POST"} <= set(allowed.split(", ")) <= {"GET", "HEAD", "POST"}
    assert {"DELETE", "GET", "PUT"} <= set(others.split(", ")) <= {"DELETE", "GET", "HEAD", "PUT"}


def test_an_invalid_body_is_explained_by_field_without_its_values(client: Client) -> None:
    refusal = client.post(PENS, {"price": "hunter2", "a/~ b": "hunter2"})

    assert refusal.status == 422
    assert refusal.headers["content-type"] == PROBLEM
    assert refusal.json().keys() == MEMBERS | {"errors"}
    assert refusal.errors() == {
        "#/colour": "Field required",
        "#/price": "Input should be a valid integer",
        "#/a~1~0%20b": "Extra inputs are not permitted",
    }
    assert "hunter2" not in refusal.text


def test_an_invalid_parameter_is_explained_without_its_value(client: Client) -> None:
    refusal = client.get(f"{PENS}?limit=hunter2")

    assert refusal.status == 422
    assert list(refusal.errors()) == ["limit"]
    assert "hunter2" not in refusal.text


@pytest.mark.parametrize(
    "body",
    [b"{hunter2", b'{"colour":', b"\xff\xfe{", b"[" * 50_000, b"9" * 9_000, b'{"colour": "a\nb"}'],
)
def test_a_body_that_is_not_json_is_a_problem(client: Client, body: bytes) -> None:
    refusal = client.post(PENS, body)

    assert refusal.status == 400
    assert refusal.headers["content-type"] == PROBLEM
    assert "hunter2" not in refusal.text


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b"", b'"text"'])
def test_json_of_the_wrong_kind_is_a_problem(client: Client, body: bytes) -> None:
    refusal = client.post(PENS, body)

    assert refusal.status == 422
    assert refusal.headers["content-type"] == PROBLEM
    assert list(refusal.errors()) == ["#"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"colour": "\\ud800"}',
        b'{"colour": "\\uDFFF"}',
        b'{"colour": "\\ud83d\\\\ude00"}',
        b'{"colour": "\\ude00\\ud83d"}',
        b'{"\\ud800": 1}',
        '{"colour": "red"}'.encode("utf-16"),
        '{"colour": "red"}'.encode("utf-32"),
    ],
)
def test_what_no_answer_can_repeat_is_no_json(client: Client, body: bytes) -> None:
    assert client.post(PENS, body).status == 400


@pytest.mark.parametrize("colour", ["\\ud83d\\ude00", "\\\\ud800", "\\u00e9", "\\uD83D\\uDE00 \\n"])
def test_other_escapes_are_text(client: Client, colour: str) -> None:
    added = client.post(PENS, f'{{"colour": "{colour}"}}'.encode())

    assert added.status == 201
    assert added.json()["colour"] == json.loads(f'"{colour}"')


def test_a_failure_reaches_the_log_but_not_the_client(client: Client, run: Run) -> None:
    assert "hunter2" not in client.delete(f"{PENS}/7").text
    run.wait_for_line("pen 7 belongs to hunter2")


def test_of_many_errors_the_first_are_explained_and_all_are_counted(client: Client) -> None:
    refusal = client.post(PENS, {"x" * 1000 + str(number): 1 for number in range(500)})

    assert refusal.status == 422
    assert len(refusal.json()["errors"]) == 20
    assert refusal.json()["detail"].endswith("the first 20 of 501 errors")
    assert len(refusal.body) < 20_000


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/jsonp", "x"])
def test_a_body_of_another_kind_is_not_read(client: Client, kind: str) -> None:
    refusal = client.post(PENS, {"colour": "red"}, {"Content-Type": kind})

    assert refusal.status == 422
    assert list(refusal.errors()) == ["#"]


@pytest.mark.parametrize(
    "kind", ["Application/JSON", "application/json; charset=utf-8", "application/vnd.api+json"]
)
def test_kinds_of_json_are_read(client: Client, kind: str) -> None:
    assert client.post(PENS, {"colour": "red"}, {"Content-Type": kind}).status == 201


def test_the_values_of_a_body_are_limited(shop: Program) -> None:
    bodies = {
        b'{"colour": "red, green, blue, \\", black"}': 201,
        b'{"colour": "red", "price": 3, "price": 3}': 201,
        b'{"a": 1, "b": [1, 2, 3]}': 413,
        b'{"a": 1, "b": "unfinished, 1, 2, 3': 400,
        '{"a": 1, "b": [1, 2, 3]}'.encode("utf-16"): 413,
    }
    with shop.start(API_MAX_JSON_VALUES="3") as run:
        client = Client(run.port)
        answers = {body: client.post(PENS, body).status for body in bodies}
        text = client.post(PENS, b"1,2,3,4,5", {"Content-Type": "text/plain"})

    assert answers == bodies
    assert text.status == 422, "a body of another kind is not counted"


def test_the_documentation_describes_the_routes_and_the_problems(shop: Program) -> None:
    with shop.start(API_DOCS="true", ROOT_PATH="/shop") as run:
        for prefix in ("", "/shop"):
            document = Client(run.port).get(f"{prefix}/api/openapi.json").json()
            page = Client(run.port).get(f"{prefix}/api/docs")
            answers = document["paths"]["/v1/pens"]["post"]["responses"]

            assert document["servers"] == [{"url": "/shop/api"}]
            assert document["info"]["title"] == "orders"
            assert PROBLEM in answers["4XX"]["content"]
            assert PROBLEM in answers["5XX"]["content"]
            assert "422" not in answers
            assert "/v1/items/{item_id}" in document["paths"]
            assert "text/html" in page.headers["content-type"]
            assert "/shop/api/openapi.json" in page.text


def test_the_documentation_is_off_unless_it_is_asked_for(client: Client) -> None:
    assert client.get("/api/docs").status == 404
    assert client.get("/api/openapi.json").status == 404


def test_settings_that_are_wrong_or_renamed_are_named(shop: Program) -> None:
    wrong = {"API_MAX_BODY_BYTES": "64", "API_DOCS": "yes", "API_MAX_JSON_VALUES": "0"}
    with shop.start(ready=False, **wrong) as run:
        assert run.wait() == 78
        assert "is called MAX_BODY_BYTES now" in run.log()
        assert "setting API_DOCS is 'yes': expected true or false" in run.log()
        assert "setting API_MAX_JSON_VALUES is '0': expected a whole number from 1 to" in run.log()


def test_a_client_that_goes_away_within_its_body_is_no_failure(run: Run, client: Client) -> None:
    head = f"POST {PENS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    before = len(run.log())
    with socket.create_connection(("127.0.0.1", run.port)) as gone:
        gone.sendall(f"{head}Content-Length: 100\r\n\r\n".encode() + b'{"colour":')
    assert client.post(PENS, {"colour": "red"}).status == 201
    assert " ERROR " not in run.log()[before:]
