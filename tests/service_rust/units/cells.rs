use std::thread;

#[test]
fn a_text_keeps_its_end() {
    let text = Text::<8>::new();
    text.write(b"a longer text");
    assert_eq!(text.read(), "ger text");
}

#[test]
fn writers_at_once_disturb_no_reader() {
    let text = Text::<64>::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| text.write(b"four bytes\n")));
        }
        assert!(text.read().len() <= 64);
    });
    assert_eq!(text.read().len(), 64);
}

#[test]
fn a_stack_is_taken_once_and_its_place_is_free_again() {
    let stack = Stack::new();
    assert!(stack.take().is_none());
    assert!(stack.put(7, "here"));
    assert!(!stack.put(8, "there"));
    assert_eq!(stack.take(), Some((7, "here".into())));
    assert!(stack.take().is_none());
    assert!(stack.put(8, &"x".repeat(9999)));
    assert_eq!(stack.take().unwrap().1.len(), 1500);
}

#[test]
fn only_the_first_fault_is_kept() {
    let crash = Crash::new();
    assert!(crash.get().is_none());
    for (signal, address) in [(11, 16), (6, 0)] {
        let cause = Cause {
            code: 1,
            sender: 0,
            address,
        };
        crash.put(signal, &cause);
    }
    let (signal, cause) = crash.get().unwrap();
    assert_eq!((signal, cause.address), (11, 16));
    assert_eq!(crash.thread(), sys::thread());
}
