"""The engine's version, and the system that it runs on."""

from scaffolder.docker.client import Engine

VERSION = "client {{.Client.Version}}, server {{.Server.Version}}"
SYSTEM = (
    "{{.OperatingSystem}}, {{.Architecture}}, kernel {{.KernelVersion}}, cgroup"
    " {{.CgroupVersion}}, {{.NCPU}} CPUs"
)


def of_engine(engine: Engine) -> dict[str, str]:
    """Return what a report says of the engine; what does not answer is empty."""
    return {
        "Docker": engine.ask("version", "--format", VERSION).text.strip(),
        "OS": engine.ask("info", "--format", SYSTEM).text.strip(),
    }
