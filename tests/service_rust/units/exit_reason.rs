const NO_KILLS: Kills = Kills {
    here: Some(0),
    machine: Some(0),
};

fn end(status: c_int) -> End<'static> {
    let (asked, announced, memory) = (None, None, NO_KILLS);
    End {
        status,
        asked,
        announced,
        memory,
        thread: "worker 1",
        stack: "",
    }
}

fn words(end: &End) -> String {
    explain(end).1.unwrap().words
}

#[test]
fn an_end_that_is_announced_needs_no_words() {
    for status in [0, 70, 71, 78] {
        let end = End {
            announced: u8::try_from(status).ok(),
            ..end(status)
        };
        assert_eq!(explain(&end), (u8::try_from(status).unwrap(), None));
    }
    assert_eq!(explain(&end(74)), (74, None)); // nobody could read them
}

#[test]
fn zero_without_being_asked_is_a_failure() {
    let (status, reason) = explain(&end(0));
    assert_eq!(status, EXIT_SOFTWARE);
    assert!(reason.unwrap().words.contains("did not say why"));
    let asked = Some(15);
    assert_eq!(explain(&End { asked, ..end(0) }), (0, None));
}

#[test]
fn a_signal_that_comes_again_after_the_end_changes_nothing() {
    for (status, asked) in [(0, 2), (78, 15)] {
        let finished = End {
            asked: Some(asked),
            announced: Some(status),
            ..end(-asked)
        };
        assert_eq!(explain(&finished), (status, None));
        let other = End {
            status: -1,
            ..finished
        };
        assert!(words(&other).contains("had finished its work when SIGHUP (signal 1) ended it"));
    }
}

#[test]
fn a_stop_before_the_start_is_one() {
    let (status, reason) = explain(&End {
        asked: Some(15),
        ..end(-15)
    });
    assert_eq!(status, 0);
    assert!(reason.unwrap().words.contains("before it had started"));
}

#[test]
fn what_is_not_known_of_memory_is_not_said() {
    let told = |here, machine| {
        let memory = Kills { here, machine };
        words(&End { memory, ..end(-9) })
    };
    assert!(told(Some(0), Some(0)).ends_with("from outside; not for its memory"));
    assert!(told(Some(0), None).ends_with("; not for its memory"));
    assert!(told(Some(0), Some(1)).contains("not for its memory limit, but the kernel killed"));
    assert!(told(None, None).contains("whether for its memory is not known"));
    assert!(told(None, Some(1)).contains("do not show it, and the kernel killed processes"));
    assert!(told(Some(1), Some(1)).starts_with("killed by the kernel: it needed more than"));
}

#[test]
fn signals_have_their_cause() {
    assert!(words(&end(-13)).contains("SIGPIPE (signal 13): it wrote to a pipe"));
    assert!(words(&end(-24)).contains("more CPU time than its limit"));
    assert!(words(&end(-11)).contains("native code used memory that it may not access"));
    assert!(words(&end(-12)).contains("SIGUSR2 (signal 12), sent by a process"));
    assert!(words(&end(-50)).contains("killed by signal 50, sent by a process"));
    assert_eq!(explain(&end(-64)).0, 192);
}
