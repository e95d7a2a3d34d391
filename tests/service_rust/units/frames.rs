const SLEEPING: &str = "   0: std::backtrace_rs::backtrace::trace
             at /rustc/59807616e1/library/std/src/backtrace.rs:331:13
   1: orders::runtime::stacks::write
             at ./src/runtime/stacks.rs:80:20
   2: __restore_rt
   3: __GI___clock_nanosleep
   4: std::thread::functions::sleep
             at /rustc/59807616e1/library/std/src/thread/functions.rs:312:9
   5: {async_fn#0}
             at /build/src/orders/prices.rs:27:9
      deep<alloc::vec::Vec<u8>>
             at /build/src/orders/prices.rs:40:5
   6: poll<core::pin::Pin<()>>
             at /root/.cargo/registry/src/index-1949cf8c6b5b557f/actix-web-4.18.1/src/handler.rs:1:1
   7: orders::app::index::{{closure}}
             at ./src/app.rs:3:1
   8: orders::runtime::run
             at ./src/runtime/mod.rs:90:5
   9: orders::main
             at ./src/main.rs:6:5
  10: start_thread
             at ./nptl/pthread_create.c:442:8
";

#[test]
fn what_is_called_and_the_own_code_are_shown() {
    assert_eq!(
        summary(SLEEPING),
        "__GI___clock_nanosleep < std::thread::functions::sleep < \
         async code at src/orders/prices.rs:27 < deep at src/orders/prices.rs:40 < \
         orders::app::index at src/app.rs:3"
    );
}

#[test]
fn without_own_code_the_innermost_are_shown() {
    let backtrace = "0: a\n1: b\n2: c\n3: d\n4: e\n";
    assert_eq!(summary(backtrace), "a < b < c < d");
}

#[test]
fn a_backtrace_without_symbols_is_empty() {
    assert_eq!(summary("0: <unknown>\n1: <unknown>\n"), "");
    assert_eq!(summary("disabled backtrace"), "");
    assert_eq!(summary(""), "");
}

#[test]
fn long_names_are_cut() {
    let name = "é".repeat(500);
    assert_eq!(summary(&format!("0: {name}")).chars().count(), NAME);
}
