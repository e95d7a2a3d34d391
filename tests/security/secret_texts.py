"""Texts with secrets, and texts without: what tool and service have to tell apart."""

SECRET = "Qz7vX2kLm9Tr4wB8"

TOKEN = "0123456789abcdefABCDEF0123456789abcdef"

POSITIONS = {
    "variable": "PASSWORD={} next",
    "variable without separators": "PGPASSWORD={}",
    "lower case": "db_pass={} x",
    "camel case": "accessToken={}&page=2",
    "colon": "DB_PASSWORD: {}",
    "spaces": "secret_key = {} next",
    "ruby": ":password => {} next",
    "exported": "export MYSQL_PWD={}; x",
    "shell, quoted": "export SECRET_KEY='{}'",
    "query": "GET /cb?a=1&access_token={}&z=3",
    "encoded query": "next=https%3A%2F%2Fx%3Ftoken%3D{}",
    "signed": "https://s3/x?X-Amz-Signature={}&X-Amz-Date=1",
    "JSON": '{{"a": 1, "api_key": "{}", "page": 2}}',
    "JSON in JSON": r'{{"message": "{{\"token\": \"{}\"}}"}}',
    "Python": "{{'passwd': '{}', 'page': 2}}",
    "bytes": "[(b'x-api-key', b'{}')]",
    "subscript": "env['CLIENT_SECRET'] = '{}'",
    "XML": "<ns:password>{}</ns:password>",
    "keyword value pairs": "host=db user=app password={} dbname=x",
    "connection string": "Server=db;User Id=sa;Password={};Encrypt=true",
    "Azure": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={};EndpointSuffix=y",
    "npmrc": "//registry.example.com/:_authToken={}",
    "docker config": '{{"auths": {{"r": {{"auth": "{}"}}}}}}',
    "URL": "postgres://me:{}@db:5432/x",
    "URL without user": "redis://:{}@cache:6379",
    "URL in JSON": '{{"url": "amqp://me:{}@mq/%2f"}}',
    "URL with a token": "https://{}0123456789abcdef@example.com/x.git",
    "authorization": "Authorization: Bearer {}",
    "authorization, own scheme": "Authorization: Custom key={} more",
    "authorization, bare": "authorization: {}",
    "proxy": 'Proxy-Authorization: Digest username="bob", response="{}"',
    "header in quotes": 'curl -H "Authorization: Token {}" https://example.com',
    "header in JSON": '{{"Authorization": "Bearer {}"}}',
    "key in a header": "X-Api-Key: {}",
    "bearer in prose": "sent Bearer {} twice",
    "basic in prose": "sent basic {}1= twice",
    "cookie": "Cookie: session={}; theme=dark",
    "cookie, second": "Cookie: theme=dark; session={}",
    "set-cookie": "Set-Cookie: sid={}; Path=/; HttpOnly",
    "flag": "tool --password {} --verbose",
    "flag at the start": "--db-password {}",
    "flag with =": "tool --token={} next",
    "flag, one dash": "tool -password {} next",
    "flag in a list": '["redis-server", "--requirepass", "{}"]',
    "mysql": "mysql -u root -p{} db",
    "mysql in a list": '["mysqldump", "-u", "root", "-p{}", "db"]',
    "sshpass": "sshpass -p {} ssh host",
    "mongosh": "mongosh -u me -p {} db",
    "redis-cli": "redis-cli -h cache -a {} ping",
    "curl": "curl -u bob:{} https://example.com",
    "docker login": "docker login -u me -p {} registry",
    "PEM": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n{}\n-----END RSA PRIVATE KEY-----\nafter",
    "PEM, cut": "-----BEGIN PRIVATE KEY-----\n{}\nMIIEow",
    "PEM in JSON": r'{{"k": "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n"}}',
    "PGP": (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG-2 - x\n\n{}\n=abcd\n"
        "-----END PGP PRIVATE KEY BLOCK-----"
    ),
    "OpenSSH": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----",
}  # fmt: skip
"""Where a secret may stand, as formats."""

QUOTED = {
    name: POSITIONS[name]
    for name in ("shell, quoted", "JSON", "Python", "bytes", "subscript", "XML", "PEM")
} | {"flag, quoted": "tool --password '{}' next", "colon, quoted": 'password: "{}"'}
"""Where it may have spaces in it."""

TOKENS = [
    f"ghp_{TOKEN}", f"github_pat_11{TOKEN}", f"glpat-{TOKEN[:20]}", f"gldt-{TOKEN[:20]}",
    "xoxb-123456789012-abcdefABCDEF", f"xapp-1-A1-{TOKEN}", f"sk_live_{TOKEN[:24]}",
    f"rk_test_{TOKEN[:24]}", f"whsec_{TOKEN}", f"sk-proj-{TOKEN}", f"sk-ant-api03-{TOKEN}",
    "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", f"AIzaSy{TOKEN[:33]}", f"ya29.{TOKEN}",
    f"GOCSPX-{TOKEN[:28]}", f"npm_{TOKEN[:36]}", f"pypi-AgEIcHlwaS5vcmc{TOKEN}",
    f"dckr_pat_{TOKEN[:27]}", f"hf_{TOKEN[:34]}", f"SG.{TOKEN[:22]}.{TOKEN}",
    f"SK{TOKEN[:16] * 2}", f"key-{TOKEN[:16] * 2}", f"dop_v1_{TOKEN}", f"shpat_{TOKEN[:32]}",
    f"hvs.{TOKEN}", f"dapi{TOKEN[:16] * 2}", f"glsa_{TOKEN}", f"123456789:AA{TOKEN[:33]}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJ{TOKEN}.{TOKEN}",
    f"https://hooks.slack.com/services/T01234567/B01234567/{TOKEN[:24]}",
]  # fmt: skip
"""Tokens that say by their form whose they are."""

INNOCENT = [
    "PASSWORD_MIN_LENGTH=12", "token bucket is empty", "token_count=12 max_tokens=4096",
    "sort_key=name primary_key=id key=value", "the keyboard: ordered", "KeyError: 'password'",
    "the password is wrong", "basic authentication failed", "a bearer token is required",
    "http://host:8080/items?mail=a@b", "postgres://db:5432/app refuses connections",
    "4be6933c2e58130229f54141c388b8e9cdb4be69", "id 550e8400-e29b-41d4-a716-446655440000",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "DB_PASSWORD_FILE names /run/secrets/db_password, which does not exist",
    "the environment variable API_KEY is not set", "password=None", '"token": null',
    "PWD=/app OLDPWD=/", "compass=north author=bob monkey=ape", "tokenizer=fast",
    "secretary: Ada", "cookie_secure=true SESSION_COOKIE_NAME=sid", "user git@example.com",
    "ssh://git@example.com:22/x.git", "2026-03-01T09:30:00Z INFO started in 0.5 s: listening",
    "Basic usage: see the manual", "PASS: tests/test_x.py", "mysql -h db -P 3306 -u app app",
    "password: is required", "TOKEN_TTL=3600 token_type=bearer", "-----BEGIN CERTIFICATE-----",
    "could not find -----BEGIN PRIVATE KEY----- in x.pem, so it ends",
]  # fmt: skip
