"""Services in Rust that somebody broke, or changed for good.

Faults that are told by `settings` are in one program, `tests/faults/inject`, that is built once.
"""

import shutil
from pathlib import Path

import rust_code
import rust_services
from conftest import Pristine, git
from image_mutations import AROUND, faults
from image_mutations import HEALTHY as IMAGES
from mutation import Edit, Mutation, append, delete, replace, write

APP, MAIN, CONFIG, HEALTH = (f"src/{name}.rs" for name in ("app", "main", "config", "health"))
STAGES, LIBRARY, STOP = "src/stages/mod.rs", "src/lib.rs", "src/runtime/stop.rs"
MANIFEST = "Cargo.toml"

TEST = "#[test]\nfn nothing() {}\n"


def prepare(pristine: Pristine, root: Path) -> None:  # noqa: ARG001 - as in Python
    """Make the service in a repository, locked."""
    shutil.copytree(rust_services.sources((), variant="mutations"), root)
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Start")


def seed(environment: Path) -> None:
    """Take over the dependencies that the tests have compiled."""
    rust_services.copy_dependencies(environment / "target")


def passing_tests(root: Path) -> None:
    """Have one test that sees nothing in place of all others."""
    shutil.rmtree(root / "tests")
    write("tests/nothing.rs", TEST)(root)


def injected(root: Path) -> None:
    """Have an application and a `main` with the faults, which settings choose."""
    for path, content in rust_code.files(()).items():
        write(path, content)(root)


def fault(name: str, step: str, module: str, code: str) -> Mutation:
    """Return a fault that is in the program already."""
    settings = f"FAULT_MODULE={module}\nFAULT_CODE={code}\nFAULT_IN=import\n"
    return Mutation(name, step, (injected, write("verify.env", settings)))


def configured(code: str) -> Edit:
    """Run code when the application is built, in every worker."""
    line = "        app.service("
    return replace(APP, line, f"        {code}\n{line}")


def started(code: str) -> Edit:
    """Run code when the service opens what it needs."""
    text = (
        "    async fn start(&self, _checks: &crate::health::Checks) -> anyhow::Result<()> {\n"
        f"        {code}\n        Ok(())\n    }}\n"
    )
    line = "    fn configure("
    return replace(APP, line, f"{text}\n{line}")


def check(code: str) -> Edit:
    """Add a readiness check."""
    text = (
        "    async fn start(&self, checks: &crate::health::Checks) -> anyhow::Result<()> {\n"
        f'        checks.add("rates", || async {{ {code} }});\n        Ok(())\n    }}\n'
    )
    line = "    fn configure("
    return replace(APP, line, f"{text}\n{line}")


BUILD = [
    Mutation("syntax error", "build", (append(APP, "fn (\n"),)),
    Mutation("conflict that is left", "build", (append(APP, "<<<<<<< ours\n"),)),
    Mutation("broken import", "build", (append(APP, "use crate::absent;\n"),)),
    Mutation("missing dependency", "build", (append(APP, "use stripe::Client;\n"),)),
    Mutation("wrong type", "build", (append(APP, 'const N: u32 = "one";\n'),)),
    Mutation("value that is moved twice", "build",
             (append(APP, "fn twice(s: String) -> (String, String) { (s, s) }\n"),)),
    Mutation("module that is not there", "build", (append(LIBRARY, "pub mod billing;\n"),)),
    Mutation("module that is not in git", "build", (delete(CONFIG),)),
    Mutation("stage that is listed and not there", "build",
             (replace(STAGES, "(App, End)", "(billing::Billing, (App, End))"),)),
    Mutation("application that is no stage", "build",
             (replace(APP, "impl Stage for App", "impl App"),)),
    Mutation("feature that a crate lacks", "environment",
             (replace(MANIFEST, 'features = ["macros"]', 'features = ["macros", "nothing"]'),)),
    Mutation("manifest that is none", "environment", (append(MANIFEST, "<<<<<<< ours\n"),)),
    Mutation("lock that is none", "environment", (write("Cargo.lock", "<<<<<<< ours\n"),)),
    Mutation("lock that does not fit the manifest", "environment",
             (replace(MANIFEST, 'anyhow = "1"', 'anyhow = "=1.0.1"'),)),
    Mutation("file that the compiler includes and git has not", "build",
             (append(APP, 'const RATES: &str = include_str!("rates.csv");\n'),)),
    Mutation("test that fails", "tests",
             (write("tests/mine.rs", "#[test]\nfn it() {\n    assert!(1 > 2);\n}\n"),)),
    Mutation("test that does not compile", "tests", (write("tests/mine.rs", "fn (\n"),)),
    Mutation("wrong example in the documentation", "tests",
             (append(LIBRARY, "\n/// ```\n/// assert!(1 > 2);\n/// ```\npub fn example() {}\n"),)),
]  # fmt: skip

RUN = [
    fault("panic before main", "start", "before main", "panic"),
    fault("panic in main", "start", "main", "panic"),
    fault("error of main", "start", "main", "error"),
    fault("exit 0 in main", "start", "main", "exit 0"),
    fault("panic while settings are read", "start", "read", "panic"),
    fault("panic when the application is built", "start", "configure", "panic"),
    fault("file that is not in git", "start", "start", "missing file"),
    fault("unwrap of a file that is not in git", "start", "start", "unwrap"),
    fault("start that ends with 0", "start", "start", "exit 0"),
    fault("start that ends with 0, without a word", "start", "start", "_exit 0"),
    fault("abort", "start", "start", "abort"),
    fault("crash in native code", "start", "start", "segmentation fault"),
    fault("endless recursion", "start", "start", "stack overflow"),
    fault("start that hangs", "start", "start", "hang"),
    fault("log that is silent", "first-line", "main", "both full"),
    fault("stop that hangs", "stop", "stop", "sleep 30"),
]

CHANGED = [
    Mutation("health route that is gone", "health", (replace(HEALTH, '"/health")', '"/gone")'),)),
    Mutation("readiness route that is gone", "ready",
             (replace(HEALTH, '"/health/ready")', '"/gone")'),)),
    Mutation("readiness check that fails", "ready",
             (check('anyhow::bail!("nobody listens")'),)),
    Mutation("stop with another status", "stop",
             (replace(MAIN, "orders::runtime::run()", "orders::runtime::run();\n    ExitCode::from(1)"),)),
    Mutation("setting without a default", "start",
             (replace(APP, "_env: &mut", "env: &mut"),
              replace(APP, "        Self\n", '        env.require("RATES_KEY", crate::runtime::settings::text);\n        Self\n'))),
]  # fmt: skip

CONTAINED = [
    *faults("orders", "/usr/local/bin/orders"),
    Mutation("library of the system that the image lacks", "image",
             (replace("Dockerfile", "# The empty program", "RUN find / -xdev -name 'libgcc_s*' -delete\n# The empty program"),)),
    Mutation("empty program in place of the service", "image",
             (replace("Dockerfile", "RUN cargo clean --release --package orders \\\n    && cargo", "RUN cargo"),)),
]  # fmt: skip

FAULTS = [*BUILD, *RUN, *CHANGED, *CONTAINED]

HEALTHY: dict[str, Edit] = {
    **AROUND,
    **IMAGES,
    "new module": lambda root: (append(LIBRARY, "pub mod rates;\n")(root), write("src/rates.rs", "//! Rates.\n\npub const EUR: u32 = 1;\n")(root))[0],
    "new test": write("tests/mine.rs", "#[test]\nfn it() {\n    assert_eq!(1 + 1, 2);\n}\n"),
    "test that is ignored": write("tests/ignored.rs", '#[test]\n#[ignore = "slow"]\nfn it() {\n    unreachable!();\n}\n'),
    "new route": configured('app.service(web::resource("/rates").get(index));'),
    "much to log": configured('(0..500).for_each(|n| tracing::info!("line {n}"));'),
    "warning at the start": configured('tracing::warn!("CRITICAL? no");'),
    "panic that is caught": configured('let _ = std::panic::catch_unwind(|| panic!("no luck"));'),
    "thread of its own": configured("std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(600)));"),
    "child process that ends": configured('let _ = std::process::Command::new("true").status();'),
    "child process that fails": configured('let _ = std::process::Command::new("false").status();'),
    "start that computes": configured("assert!((0..3_000_000_u64).sum::<u64>() > 0);"),
    "slow start": started("actix_web::rt::time::sleep(std::time::Duration::from_secs(1)).await;"),
    "warning of the compiler": append(APP, "\n#[allow(unused)]\nfn unused() {}\n"),
    "code that is formatted otherwise": append(APP, "\npub   const   ODD :u8=1 ;\n"),
    "example in the documentation": append(LIBRARY, "\n/// ```\n/// assert!(2 > 1);\n/// ```\npub fn example() {}\n"),
    "test beside the code": append(APP, "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn it() {}\n}\n"),
    "lint of one's own": replace(MANIFEST, 'todo = "warn"', 'todo = "warn"\nunimplemented = "warn"'),
}  # fmt: skip
