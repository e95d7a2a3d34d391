"""A proxy that is trusted is believed, and nobody else; its path is understood."""

import pytest
from conftest import MakeApplication
from served import serving

SAID = {
    "Host": "shop.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "10.9.8.7, 203.0.113.9",
}
FORGED = {
    "Forwarded": "for=198.51.100.1;proto=https;host=evil.example.com",
    "X-Forwarded-Host": "evil",
}


def test_a_proxy_that_is_trusted_is_believed(application: MakeApplication) -> None:
    trusted = {"FORWARDED_ALLOW_IPS": "127.0.0.0/8, 192.0.2.1", "ROOT_PATH": "/shop"}
    with serving(application(), **trusted) as service:
        for path in ("/where", "/shop/where"):
            seen = service.ask(path, headers=SAID | FORGED).json()
            assert seen == ["https://shop.example.com/shop/where", "203.0.113.9"]
        for path in ("/away", "/shop/away"):
            answer = service.ask(path, headers=SAID)
            assert answer.headers["location"] == "https://shop.example.com/shop/away/"
        assert "trusts everybody" not in service.log()


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 192.0.2.1", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 192.0.2.1, 127.0.0.2", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(
    application: MakeApplication, said: str, client: str
) -> None:
    with serving(application(), FORWARDED_ALLOW_IPS="127.0.0.0/8,192.0.2.1") as service:
        assert service.ask("/where", headers={"X-Forwarded-For": said}).json()[1] == client


def test_several_headers_are_one(application: MakeApplication) -> None:
    head = b"GET /where HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    said = b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"
    with serving(application()) as service:
        assert b"203.0.113.9" in service.exchange(head + said)


def test_another_is_not_believed(application: MakeApplication) -> None:
    with serving(application(), FORWARDED_ALLOW_IPS="10.0.0.1") as service:
        seen = service.ask("/where", headers=SAID | FORGED).json()
        assert seen == ["http://shop.example.com/where", "127.0.0.1"]


def test_a_scheme_that_is_none_is_not_believed(application: MakeApplication) -> None:
    with serving(application()) as service:
        said = {"Host": "x", "X-Forwarded-Proto": "javascript"}
        assert service.ask("/where", headers=said).json()[0] == "http://x/where"


def test_an_address_is_known_through_a_listener_for_ipv6(application: MakeApplication) -> None:
    with serving(application(), HOST="::", FORWARDED_ALLOW_IPS="127.0.0.1") as service:
        assert service.ask("/where", headers=SAID).json()[1] == "203.0.113.9"


@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "10.0.0.1,::/0"])
def test_who_trusts_everybody_is_warned(application: MakeApplication, everybody: str) -> None:
    with serving(application(), FORWARDED_ALLOW_IPS=everybody) as service:
        assert "FORWARDED_ALLOW_IPS trusts everybody" in service.log()
        if everybody == "*":
            assert service.ask("/where", headers=SAID).json()[1] == "10.9.8.7"


def test_a_path_of_a_proxy_is_part_of_every_address(application: MakeApplication) -> None:
    with serving(application(), ROOT_PATH="/shop", MAX_BODY_BYTES="9") as service:
        for path in ("/where", "/shop/where", "/where?a=1", "/shop/where?a=1"):
            seen = service.ask(path, headers={"Host": "x"}).json()[0]
            assert seen == "http://x/shop/where"
        for path in ("/nowhere", "/shop/nowhere"):
            assert service.ask(path).json()["instance"] == "/shop/nowhere"
        assert service.ask("/size", "POST", b"x" * 10).json()["instance"] == "/shop/size"
        assert service.ask("/fail").json()["instance"] == "/shop/fail"
        assert service.ask("/shop/health/live").status == 200
        assert service.ask("/shop/size", "POST", b"123").body == b"3"
        assert service.ask("/shopping").status == 404
