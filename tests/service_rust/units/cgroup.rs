#[test]
fn a_number_that_is_not_known_at_both_times_has_no_difference() {
    let kills = |here, machine| Kills { here, machine };
    let since = kills(Some(3), None).since(kills(Some(1), Some(5)));
    assert_eq!(since, kills(Some(2), None));
}

#[test]
fn only_kills_count() {
    assert_eq!(
        count("low 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n"),
        Some(2)
    );
    assert_eq!(
        count("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"),
        Some(7)
    );
    assert_eq!(count("oom_kill_disable 0\n"), None);
    assert_eq!(count(""), None);
}
