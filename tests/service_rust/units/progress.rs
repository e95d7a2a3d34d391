const SECOND: Duration = Duration::from_secs(1);

/// Looks once a second, while a thread waits for a processor for some of each.
fn look(progress: &mut Progress, seconds: u32, waits: Duration) {
    for _ in 0..seconds {
        let mut times = procfs::times(progress.process);
        for (thread, found) in &mut times {
            let before = progress.times.get(thread).copied().unwrap_or_default();
            found.waited = before.waited + waits;
        }
        progress.count(times, SECOND, SECOND);
        progress.look_at_loops();
    }
}

fn progress() -> Progress {
    Progress::new(crate::runtime::sys::process())
}

fn found(progress: &Progress, number: usize) -> Option<&EventLoop> {
    progress.loops.iter().find(|found| found.number == number)
}

#[test]
fn an_event_loop_stands_still_until_it_beats() {
    let mut progress = progress();
    shared().beat(11);
    look(&mut progress, 61, Duration::ZERO);
    let blocked = found(&progress, 11).unwrap();
    assert_eq!(blocked.still, 60 * SECOND);
    assert!(!blocked.is_gone);

    shared().beat(11);
    look(&mut progress, 1, Duration::ZERO);
    assert!(found(&progress, 11).unwrap().still.is_zero());
}

#[test]
fn time_without_a_processor_does_not_count_for_an_event_loop() {
    let mut progress = progress();
    shared().beat(12);
    look(&mut progress, 61, SECOND.mul_f64(0.95));

    assert_eq!(found(&progress, 12).unwrap().still, SECOND * 3);
}

#[test]
fn a_thread_that_ends_without_a_word_is_gone() {
    let mut progress = progress();
    std::thread::spawn(|| shared().beat(13)).join().unwrap();
    look(&mut progress, 2, Duration::ZERO);

    assert!(found(&progress, 13).unwrap().is_gone);
}

#[test]
fn an_event_loop_that_has_ended_is_not_missed() {
    let mut progress = progress();
    shared().beat(14);
    look(&mut progress, 1, Duration::ZERO);
    assert!(found(&progress, 14).is_some());

    shared().leave(14);
    look(&mut progress, 1, Duration::ZERO);
    assert!(found(&progress, 14).is_none());
}
