"""The template's Dockerfile and compose file, for an image with a program of the user's."""

from collections.abc import Collection

from scaffolder.adopt.replacing import replaced

IGNORE = ".dockerignore"
PLACE = "Dockerfile.dockerignore"
"""What the engine reads for a Dockerfile below its context."""

PASSED = "    environment:\n"
"""What the template passes is in order behind it, and new settings of stages come last."""

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


def compose(text: str, home: str, port: int, variables: Collection[str]) -> str:
    """Return the template's compose file, with the program's port, and what it is set up by."""
    published = '      - "${PUBLISH_ADDRESS:-127.0.0.1}:${PORT:-8080}:8080"\n'
    own = f'      - "${{PUBLISH_ADDRESS:-127.0.0.1}}:${{PROGRAM_PORT:-{port}}}:{port}"\n'
    return replaced(
        text,
        {
            "    build: .\n": f"    build: {{context: .., dockerfile: {home}/Dockerfile}}\n",
            published: published + own if port else published,
            PASSED: PASSED + "".join(f"      - {name}\n" for name in _settings(text, variables)),
        },
    )


def _settings(text: str, variables: Collection[str]) -> list[str]:
    """Return the variables that the template does not pass, but for those that have no setting."""
    wanted = {*variables, *OWN} - GIVEN
    return sorted(name for name in wanted if f"      - {name}\n" not in text)
