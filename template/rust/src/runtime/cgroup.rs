//! The memory of this container, as the kernel reports it in cgroup version 2 or 1.

use std::path::Path;

use super::procfs::read;

const ROOT: &str = "/sys/fs/cgroup";
const OWN: &str = "/proc/self/cgroup";
const MACHINE: &str = "/proc/vmstat";

/// Version 1 writes about 2^63 for no limit.
const NO_LIMIT: u64 = 1 << 60;

/// How many processes the out-of-memory killer has ended; `None` where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kills {
    /// In this container.
    pub here: Option<u64>,
    pub machine: Option<u64>,
}

impl Kills {
    /// How many came after `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let more = |now: Option<u64>, before: Option<u64>| now?.checked_sub(before?);
        Self {
            here: more(self.here, before.here),
            machine: more(self.machine, before.machine),
        }
    }
}

/// The counts up to now.
pub fn kills() -> Kills {
    Kills {
        here: kills_here(),
        machine: count(&read(MACHINE)),
    }
}

/// The count of this container up to now.
pub fn kills_here() -> Option<u64> {
    count(&own("memory.events", "memory.oom_control"))
}

/// The limit in bytes; `None` if there is none or it cannot be read.
pub fn memory_limit() -> Option<u64> {
    let limit: u64 = own("memory.max", "memory.limit_in_bytes")
        .trim()
        .parse()
        .ok()?;
    (limit < NO_LIMIT).then_some(limit)
}

/// Where the counts are, for those who look there themselves.
pub const fn place() -> &'static str {
    ROOT
}

/// The content of the file of either version, or an empty text.
pub fn own(version_2: &str, version_1: &str) -> String {
    let found = read(&format!("{}/{version_2}", directory("", ROOT)));
    if !found.is_empty() {
        return found;
    }
    let memory = directory("memory", &format!("{ROOT}/memory"));
    read(&format!("{memory}/{version_1}"))
}

/// The cgroup directory of this process; in a container it may be `root` itself.
fn directory(controller: &str, root: &str) -> String {
    let own = read(OWN);
    let paths = own.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_it = controllers.split(',').any(|name| name == controller);
        is_it.then(|| format!("{root}{path}"))
    });
    let mut existing = paths.filter(|path| Path::new(path).is_dir());
    existing.next().unwrap_or_else(|| root.to_owned())
}

fn count(text: &str) -> Option<u64> {
    let found = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    found?.trim().parse().ok()
}
