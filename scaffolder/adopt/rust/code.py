"""The files by which the runtime runs a program that is the user's."""

APP = """\
//! The application: the program beside this directory. No stage ever changes this file.

use std::time::Duration;

use crate::health::Checks;
use crate::program::{{Program, answers, first_answer, watch}};
use crate::runtime;
use crate::runtime::settings::{{ConfigError, Reader, integer}};
use crate::runtime::stage::Stage;

/// What the program gets as PORT, and is asked on; 0 is for one that answers nobody.
const PORT: u16 = {port};
/// How long the program may be silent before it counts as frozen.
const HANG_SECONDS: u64 = 30;

#[derive(Clone)]
pub struct App {{
    own: u16,
    program: Program,
    hangs: Duration,
}}

impl Stage for App {{
    const NAME: &str = "app";

    fn read(env: &mut Reader<'_>) -> Self {{
        let own = env.get("PORT", integer(1, 65535), runtime::PORT);
        let port = env.get("PROGRAM_PORT", integer(0, 65535), PORT);
        let hangs = env.get("PROGRAM_HANG_SECONDS", integer(1, 3600), HANG_SECONDS);
        Self {{
            own,
            program: Program::new(port),
            hangs: Duration::from_secs(hangs),
        }}
    }}

    async fn start(&self, checks: &Checks) -> anyhow::Result<()> {{
        let port = self.program.port;
        if port == self.own {{
            let wrong = "PROGRAM_PORT is the same as PORT: set PORT to another one";
            return Err(ConfigError(vec![wrong.into()]).into());
        }}
        self.program.start().await?;
        if port != 0 {{
            first_answer(port).await;
            checks.add("program", move || answers(port));
            watch(port, self.hangs);
        }}
        Ok(())
    }}

    async fn stop(&self) {{
        self.program.ended().await;
    }}
}}
"""

PROGRAM = """\
//! Runs the user's program as a process of its own: whatever ends it ends the service, and is said.

use std::io::{{self, Read as _, Write as _}};
use std::net::{{Ipv4Addr, TcpStream}};
use std::os::unix::process::{{CommandExt as _, ExitStatusExt as _}};
use std::process::{{Child, Command, ExitStatus}};
use std::time::{{Duration, Instant}};
use std::{{env, thread}};

use actix_web::rt::time::sleep;
use actix_web::web;
use anyhow::Context as _;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{{SigSet, Signal, kill}};
use nix::unistd::Pid;
use tokio::sync::{{oneshot, watch}};

use crate::runtime::log::critical;
use crate::runtime::{{EXIT_SOFTWARE, SERVICE, draining, stop, tasks}};

/// The program: its file is beside that of the service.
const NAME: &str = "{name}";
/// A signal at the terminal reaches both: the program may have ended before the service hears it.
const MOMENT: Duration = Duration::from_millis(200);
/// Between two looks at what answers.
const SECOND: Duration = Duration::from_secs(1);
/// Between two looks at a start.
const LOOK: Duration = Duration::from_millis(50);
/// How long an answer may take: less than a readiness check.
const ANSWER: Duration = Duration::from_millis(1500);

#[derive(Clone)]
pub struct Program {{
    pub port: u16,
    has_ended: watch::Sender<bool>,
}}

impl Program {{
    #[must_use]
    pub fn new(port: u16) -> Self {{
        Self {{
            port,
            has_ended: watch::Sender::new(true),
        }}
    }}

    /// Starts it; from then on, a stop of the service asks it to stop, too.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub async fn start(&self) -> anyhow::Result<()> {{
        let (tell, started) = oneshot::channel();
        let (port, has_ended) = (self.port, self.has_ended.clone());
        let thread = thread::Builder::new().name("program".into());
        thread.spawn(move || run(port, tell, &has_ended))?;
        let program = started.await?.with_context(|| {{
            format!("the program {{NAME}} cannot be started: it has to be beside {{SERVICE}}")
        }})?;
        tasks::spawn("program", async move {{
            stop::asked().await;
            kill(program, Signal::SIGTERM)
        }});
        Ok(())
    }}

    /// Waits until it has ended.
    pub async fn ended(&self) {{
        // The sender lives as long as the program.
        let _ = self.has_ended.subscribe().wait_for(|ended| *ended).await;
    }}
}}

/// Runs it to its end; a stop of the service waits for that.
fn run(port: u16, tell: oneshot::Sender<io::Result<Pid>>, has_ended: &watch::Sender<bool>) {{
    let _work = draining::begin();
    let mut child = match spawned(port) {{
        Ok(child) => child,
        Err(error) => return drop(tell.send(Err(error))),
    }};
    has_ended.send_replace(false);
    let _ = tell.send(Ok(Pid::from_raw(child.id().cast_signed())));
    let ended = child.wait();
    thread::sleep(MOMENT);
    if stop::is_asked() {{
        tracing::info!("the program {{NAME}} has stopped: {{}}", described(ended));
        has_ended.send_replace(true);
    }} else {{
        report(ended);
    }}
}}

fn spawned(port: u16) -> io::Result<Child> {{
    let mut command = Command::new(env::current_exe()?.with_file_name(NAME));
    match port {{
        0 => command.env_remove("PORT"),
        _ => command.env("PORT", port.to_string()),
    }};
    // SAFETY: these two may be called between fork and exec.
    unsafe {{
        command.pre_exec(|| {{
            // It must not outlive the thread that waits for it, and so the service.
            set_pdeathsig(Signal::SIGKILL)?;
            // The service waits for signals that it has blocked: the program has its own way.
            Ok(SigSet::all().thread_unblock()?)
        }});
    }}
    command.spawn()
}}

/// Names an end that nobody asked for, and ends the service.
fn report(ended: io::Result<ExitStatus>) {{
    let signal = ended.as_ref().ok().and_then(|status| status.signal());
    let said = described(ended);
    critical!(
        "the program {{NAME}} ended without being asked to: {{said}}; \\
         docs/runbook.md#ended-without-a-word"
    );
    if signal == Some(Signal::SIGKILL as i32) {{
        // The supervisor knows whether the kernel did it for want of memory.
        let _ = kill(Pid::this(), Signal::SIGKILL);
    }}
    stop::end(EXIT_SOFTWARE)
}}

fn described(ended: io::Result<ExitStatus>) -> String {{
    match ended {{
        Ok(status) if status.code() == Some(101) => {{
            "status 101: it panicked in main, and says where unless its hook is silent".into()
        }}
        Ok(status) => status.to_string(),
        Err(error) => format!("nobody knows how: {{error}}"),
    }}
}}

/// Waits until the program answers; how long a start may take is for `START_SECONDS` to say.
pub async fn first_answer(port: u16) {{
    tracing::info!("waiting for the program {{NAME}} to answer on port {{port}}");
    while answers(port).await.is_err() {{
        sleep(LOOK).await;
    }}
}}

/// Ends the service once the program has not answered for so long: it hangs, or is frozen.
pub fn watch(port: u16, limit: Duration) {{
    tasks::spawn("questions to the program", async move {{
        let mut silent: Option<Instant> = None;
        while silent.is_none_or(|since| since.elapsed() < limit) {{
            sleep(SECOND).await;
            let is_silent = answers(port).await.is_err();
            silent = is_silent.then(|| silent.unwrap_or_else(Instant::now));
        }}
        critical!(
            "the program {{NAME}} has not answered on port {{port}} for {{}} s, and is killed; \\
             docs/runbook.md#nothing-moves",
            limit.as_secs()
        );
        stop::end(EXIT_SOFTWARE)
    }});
}}

/// Asks the program anything over HTTP: whatever it answers, it is at work.
///
/// # Errors
///
/// If it does not answer.
pub async fn answers(port: u16) -> anyhow::Result<()> {{
    web::block(move || asked(port))
        .await?
        .with_context(|| format!("the program {{NAME}} does not answer on port {{port}}"))
}}

fn asked(port: u16) -> io::Result<()> {{
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(b"GET {route} HTTP/1.1\\r\\nHost: localhost\\r\\n")?;
    stream.write_all(b"Connection: close\\r\\n\\r\\n")?;
    stream.read_exact(&mut [0])
}}
"""


def application(port: int) -> str:
    """Return the stage that runs the program, which gets a port of its own."""
    return APP.format(port=port)


def program(name: str, route: str) -> str:
    """Return the module that runs the program `name`; a request for `route` shows that it works."""
    return PROGRAM.format(name=name, route=route)
