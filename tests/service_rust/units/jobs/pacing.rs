const SECOND: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_secs(5);
const NOTHING: Due = Due {
    polls: false,
    beats: false,
    claims: false,
};

/// One that has polled at the start, and when that was.
fn polled() -> (Pacing, Instant) {
    polling_every(POLL)
}

fn polling_every(poll: Duration) -> (Pacing, Instant) {
    let start = Instant::now();
    let mut pacing = Pacing::new(poll, 30 * SECOND, start);
    let due = pacing.due(start, false);
    assert!(due.polls && due.claims && due.beats);
    pacing.done(due, start);
    (pacing, start)
}

#[test]
fn a_round_that_leaves_nothing_is_rested_from_as_long_as_it_took_and_no_longer_than_20_ms() {
    let (mut pacing, start) = polled();
    let milliseconds = Duration::from_millis;
    for (took, rest) in [(3, 3), (20, 20), (500, 20)] {
        let now = start + milliseconds(took);
        pacing.has_written(start, now, false);
        assert!(pacing.rests(now + milliseconds(rest - 1)));
        assert!(!pacing.rests(now + milliseconds(rest)));
        pacing.nudge(); // no reason to wake earlier
        assert_eq!(pacing.wakes(now, true), now + milliseconds(rest));
    }
}

#[test]
fn after_a_round_that_leaves_more_the_next_one_comes_at_once() {
    let (mut pacing, start) = polled();
    let now = start + SECOND;
    pacing.has_written(start, now, true);
    assert!(!pacing.rests(now));
    assert_eq!(pacing.wakes(now, true), now);
}

#[test]
fn lost_leases_are_looked_for_at_a_poll_only() {
    let (mut pacing, start) = polled();
    let now = start + SECOND;
    assert_eq!(pacing.due(now, false), NOTHING);
    let claims = Due {
        claims: true,
        ..NOTHING
    };
    assert_eq!(pacing.due(now, true), claims, "a handler has ended");
    pacing.nudge();
    assert_eq!(pacing.due(now, false), claims, "something was enqueued");
    pacing.done(claims, now);
    assert_eq!(
        pacing.wakes(now, false),
        start + POLL,
        "the poll is not put off"
    );
    assert!(pacing.due(start + POLL, false).polls);
}

#[test]
fn leases_are_extended_three_times_while_they_last() {
    let (mut pacing, start) = polling_every(60 * SECOND);
    for beat in [10, 20] {
        assert!(!pacing.due(start + (beat - 1) * SECOND, false).beats);
        let now = start + beat * SECOND;
        let due = pacing.due(now, false);
        assert!(due.beats);
        pacing.done(due, now);
    }
}

#[test]
fn a_worker_that_fails_rests_longer_each_time_until_it_moves() {
    let (mut pacing, start) = polled();
    let rests = [(); 7].map(|()| pacing.has_failed(start).as_secs());
    assert_eq!(rests, [1, 2, 4, 8, 16, 30, 30]);
    assert!(pacing.rests(start + 29 * SECOND));
    pacing.moves();
    assert_eq!(pacing.has_failed(start), SECOND);
}

#[test]
fn all_of_the_table_is_looked_at_now_and_then() {
    let (mut pacing, start) = polled();
    let looks = (0..31).filter(|second| pacing.surveys(start + *second * SECOND));
    assert_eq!(looks.collect::<Vec<_>>(), [0, 15, 30]);
}
