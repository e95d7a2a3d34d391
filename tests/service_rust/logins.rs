//! Whose turn it is to have a password verified, and how long who has failed waits.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use actix_web::rt::{spawn, task::yield_now, time::timeout};
use orders::stages::auth::runtime::failed_attempts::{Limiter, Who};
use orders::stages::auth::runtime::fair_queue::Queue;

const PATIENCE: Duration = Duration::from_secs(5);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

thread_local! {
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

fn clock() -> Instant {
    *START + PASSED.get()
}

fn pass(seconds: u64) {
    PASSED.set(PASSED.get() + Duration::from_secs(seconds));
}

fn address(text: &str) -> Who {
    let parsed: IpAddr = text.parse().unwrap();
    Who::address(Some(parsed))
}

#[test]
fn the_delay_grows_is_bounded_and_ends_with_success() {
    let (limiter, alice, home) = (
        Limiter::new(clock),
        Who::user("alice"),
        address("192.0.2.7"),
    );
    let mut waits = Vec::new();
    for _ in 0..20 {
        loop {
            match limiter.attempt(&[&alice]) {
                0 => break,
                wait => {
                    waits.push(wait);
                    pass(wait);
                }
            }
        }
    }
    assert_eq!(
        waits,
        [
            1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300, 300
        ]
    );
    pass(300);
    assert_eq!(limiter.attempt(&[&alice, &home]), 0);
    limiter.succeeded(&alice, &home);
    assert!((0..5).all(|_| limiter.attempt(&[&alice]) == 0));
    assert_eq!(limiter.attempt(&[&alice]), 1);
}

#[test]
fn a_success_does_not_forgive_what_its_address_did_to_others() {
    let (limiter, home) = (Limiter::new(clock), address("192.0.2.7"));
    for number in 0..19 {
        limiter.attempt(&[&Who::user(&number.to_string()), &home]);
    }
    limiter.attempt(&[&Who::user("mine"), &home]);
    limiter.succeeded(&Who::user("mine"), &home);

    assert_eq!(limiter.attempt(&[&Who::user("a"), &home]), 0);
    assert_eq!(limiter.attempt(&[&Who::user("b"), &home]), 1);
}

#[test]
fn failures_are_forgotten_after_an_hour_and_withdrawn_ones_never_counted() {
    let (limiter, alice) = (Limiter::new(clock), Who::user("alice"));
    for _ in 0..5 {
        limiter.attempt(&[&alice]);
    }
    pass(3602);
    assert!((0..5).all(|_| limiter.attempt(&[&alice]) == 0));
    let bob = Who::user("bob");
    for _ in 0..20 {
        assert_eq!(limiter.attempt(&[&bob]), 0);
        limiter.withdraw(&[&bob]);
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let limiter = Limiter::new(clock);
    for number in 0..10_100 {
        limiter.attempt(&[&Who::user(&number.to_string())]);
    }
    assert_eq!(limiter.tracked(), 10_000);
    assert_eq!(Who::user(&"x".repeat(1_000_000)), Who::User("x".repeat(64)));
}

#[test]
fn addresses_of_one_customer_count_together() {
    assert_eq!(address("192.0.2.7"), address("::ffff:192.0.2.7"));
    assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
    assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
    assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
}

/// The order in which requests that come at once get their turns.
async fn order(clients: &str, at_once: usize, most: usize) -> Vec<String> {
    let log = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let queue = std::rc::Rc::new(Queue::new(at_once, most));
    let mut tasks = Vec::new();
    for client in clients.chars() {
        let (log, queue) = (log.clone(), queue.clone());
        tasks.push(spawn(async move {
            let turn = queue.turn(&client).await;
            let refused = if turn.is_ok() { "" } else { " refused" };
            log.borrow_mut().push(format!("{client}{refused}"));
            yield_now().await;
        }));
    }
    for task in tasks {
        let ended = timeout(PATIENCE, task).await;
        ended.expect("a turn was lost").unwrap();
    }
    assert!(timeout(PATIENCE, queue.turn(&'z')).await.is_ok());
    log.take()
}

#[actix_web::test]
async fn clients_take_turns_however_many_requests_one_has() {
    assert_eq!(order("aaaab", 1, 100).await, ["a", "a", "b", "a", "a"]);
    assert_eq!(order("abc", 2, 100).await[..2], ["a", "b"]);
}

#[actix_web::test]
async fn who_comes_while_too_many_wait_is_refused_and_a_flood_gives_way() {
    assert_eq!(order("abcd", 1, 2).await, ["a", "d refused", "b", "c"]);
    let flood = order("aaaaaab", 1, 3).await;
    assert_eq!(flood.iter().filter(|one| *one == "a refused").count(), 3);
    assert!(flood.contains(&"b".to_owned()));
}

#[actix_web::test]
async fn who_goes_away_loses_no_turn_for_others() {
    let queue = std::rc::Rc::new(Queue::new(1, 2));
    let first = queue.turn(&"first").await.unwrap();
    let waiting: Vec<_> = ["a", "b"]
        .map(|name| {
            let queue = queue.clone();
            spawn(async move { queue.turn(&name).await.is_ok() })
        })
        .into();
    yield_now().await;
    waiting[0].abort();
    yield_now().await;
    drop(first); // passes over who has gone, to one that goes at this moment
    waiting[1].abort();
    yield_now().await;

    assert!(timeout(PATIENCE, queue.turn(&"afterwards")).await.is_ok());
}
