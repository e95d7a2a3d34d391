"""The template's Dockerfile and compose file, for an image with a program of the user's."""

from collections.abc import Collection

from scaffolder.adopt.replacing import replaced

IGNORE = ".dockerignore"
PLACE = "Dockerfile.dockerignore"
"""What the engine reads for a Dockerfile below its context."""

OVERRIDE = "compose.override.yaml"
PASSED = """\
# Yours: what your program reads of the environment. Compose reads this file with compose.yaml.
# A variable gets into the container only when it is set, in the shell or in .env.
services:
  app:
    environment:
"""
OWN = ("PROGRAM_HANG_SECONDS",)
GIVEN = {"HOME", "HOST", "PATH", "PORT"}
"""Variables that say what is so in each container, or which the service sets itself."""

IGNORED = """\
# No secrets, no history, and nothing that was built elsewhere.
.git
**/.env
**/.env.*
**/target
**/data
"""

BUILT = """\

# The program has its own lock. What building it needs besides Rust is to be installed here.
WORKDIR /build/program
COPY . .
RUN cargo build --release{locked} --bin {program}
"""

SHIPPED = """\
COPY --from=builder /build/program/target/release/{program} /usr/local/bin/
# Files that it reads are to be copied, too. A library that it lacks fails here.
RUN ! ldd /usr/local/bin/{program} | grep "not found"
"""


def dockerfile(text: str, home: str, program: str, port: int, *, locked: bool) -> str:
    """Return the template's Dockerfile, whose context is the directory around `home`."""
    built = BUILT.format(program=program, locked=" --locked" if locked else "")
    edits = {
        "WORKDIR /build\n": f"WORKDIR /build/{home}\n",
        "COPY Cargo.toml Cargo.lock* ./\n": f"COPY {home}/Cargo.toml {home}/Cargo.lock* ./\n",
        "COPY src src\n": f"COPY {home}/src src\n",
        "\nFROM ${RUNTIME_IMAGE}\n": f"{built}\nFROM ${{RUNTIME_IMAGE}}\n",
        "EXPOSE 8080\n": f"EXPOSE 8080 {port}\n" if port else "EXPOSE 8080\n",
        f"/build/target/release/{home} ": f"/build/{home}/target/release/{home} ",
        "USER 1000:1000\n": f"{SHIPPED.format(program=program)}USER 1000:1000\n",
    }
    return replaced(text, edits)


def compose(text: str, home: str, port: int) -> str:
    """Return the template's compose file, which publishes the program's port, too."""
    published = '      - "${PUBLISH_ADDRESS:-127.0.0.1}:${PORT:-8080}:8080"\n'
    own = f'      - "${{PUBLISH_ADDRESS:-127.0.0.1}}:${{PROGRAM_PORT:-{port}}}:{port}"\n'
    return replaced(
        text,
        {
            "    build: .\n": f"    build: {{context: .., dockerfile: {home}/Dockerfile}}\n",
            published: published + own if port else published,
        },
    )


def override(variables: Collection[str]) -> str:
    """Return what Compose reads beside that file: stages may pass a variable of the same name."""
    names = sorted({*variables, *OWN} - GIVEN)
    return PASSED + "".join(f"      - {name}\n" for name in names)
